//! What this program is made of.

use std::sync::LazyLock;

/// The text of `--version`: the number, the commit where it is known, and the features.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut text = env!("CARGO_PKG_VERSION").to_owned();
    if let Some(commit) = option_env!("PHOTOFIT_COMMIT").filter(|commit| !commit.is_empty()) {
        text += &format!("\ncommit: {commit}");
    }
    let features = [
        ("heic", cfg!(feature = "heic")),
        ("object-store", cfg!(feature = "object-store")),
        ("parquet", cfg!(feature = "parquet")),
        ("upload", cfg!(feature = "upload")),
    ];
    let names: Vec<&str> = features.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    text += &format!("\nfeatures: {}", names.join(", "));
    text
});
