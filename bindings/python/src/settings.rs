//! The options, as the library checks them.

use photofit::{Format, FormatSet, Limits, LossKind, Options};
use pyo3::prelude::*;
use serde_json::json;

use crate::error::{invalid, refused};

/// The library's options, made of the values that `photofit.Options` has.
#[pyclass(frozen, module = "photofit._photofit")]
pub(crate) struct Settings(pub(crate) Options);

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (*, limits, max_pixels, max_bytes, max_side, accept, format, metadata, max_source_pixels, max_memory,
        quality, min_quality, chroma, filter, light, colour, effort, background, check, on_damage, deny_loss))]
    #[allow(clippy::too_many_arguments, reason = "one for each option")]
    fn new(
        py: Python<'_>,
        limits: &str,
        max_pixels: Option<&Bound<'_, PyAny>>,
        max_bytes: Option<&Bound<'_, PyAny>>,
        max_side: Option<&Bound<'_, PyAny>>,
        accept: Option<Vec<String>>,
        format: &str,
        metadata: &str,
        max_source_pixels: &Bound<'_, PyAny>,
        max_memory: &Bound<'_, PyAny>,
        quality: &Bound<'_, PyAny>,
        min_quality: &Bound<'_, PyAny>,
        chroma: &str,
        filter: &str,
        light: &str,
        colour: &str,
        effort: &str,
        background: &Bound<'_, PyAny>,
        check: &str,
        on_damage: &str,
        deny_loss: Vec<String>,
    ) -> PyResult<Self> {
        let no = |error| refused(py, &error);
        let mut conform = Limits::preset(limits).ok_or_else(|| {
            let names: Vec<&str> = Limits::presets().iter().map(|preset| preset.name).collect();
            invalid(py, "limits", limits, &format!("one of {}", names.join(", ")))
        })?;
        if let Some(pixels) = max_pixels {
            conform = conform.with_max_pixels(number("max_pixels", pixels, "pixels", u64::MAX)?);
        }
        if let Some(bytes) = max_bytes {
            conform = conform.with_max_bytes(number("max_bytes", bytes, "bytes", u64::MAX)?);
        }
        if let Some(side) = max_side {
            let side = number("max_side", side, "pixels", u64::from(u32::MAX))?;
            conform = conform.with_max_side(u32::try_from(side).unwrap_or(u32::MAX));
        }
        if let Some(names) = accept {
            let formats: Result<Vec<Format>, _> = names.iter().map(|name| name.parse()).collect();
            conform = conform.with_formats(FormatSet::of(&formats.map_err(no)?));
        }
        let losses: Result<Vec<LossKind>, _> = deny_loss.iter().map(|name| name.parse()).collect();
        let least = number("min_quality", min_quality, "quality", 100)?;
        Options::default()
            .with_limits(conform)
            .with_format(format.parse().map_err(no)?)
            .with_metadata(metadata.parse().map_err(no)?)
            .with_max_source_pixels(number("max_source_pixels", max_source_pixels, "pixels", u64::MAX)?)
            .with_max_memory(number("max_memory", max_memory, "bytes", u64::MAX)?)
            // As text, the library tells "auto", numbers and everything else apart.
            .with_quality(quality.str()?.to_string_lossy().parse().map_err(no)?)
            .with_chroma(chroma.parse().map_err(no)?)
            .with_filter(filter.parse().map_err(no)?)
            .with_light(light.parse().map_err(no)?)
            .with_colour(colour.parse().map_err(no)?)
            .with_effort(effort.parse().map_err(no)?)
            .with_background(color(background)?)
            .with_check(check.parse().map_err(no)?)
            .with_on_damage(on_damage.parse().map_err(no)?)
            .with_deny_loss(losses.map_err(no)?)
            .with_min_quality(u8::try_from(least).unwrap_or(u8::MAX))
            .map(Self)
            .map_err(no)
    }

    /// Whether they are the library's defaults.
    fn are_default(&self) -> bool {
        self.0 == Options::default()
    }

    /// The limits that hold, in JSON: those of the preset with what was changed in them.
    fn limits(&self) -> String {
        limits_json(self.0.limits()).to_string()
    }
}

/// The presets, in JSON: a list of their names, services and limits, the default first.
#[pyfunction]
pub(crate) fn presets() -> String {
    let presets: Vec<_> = Limits::presets()
        .iter()
        .map(|preset| {
            let mut row = limits_json(&preset.limits);
            row["name"] = preset.name.into();
            row["service"] = preset.service.into();
            row
        })
        .collect();
    json!(presets).to_string()
}

/// What is not limited is null.
fn limits_json(limits: &Limits) -> serde_json::Value {
    let limited = |value: u64, most: u64| (value < most).then_some(value);
    json!({
        "max_pixels": limited(limits.max_pixels(), u64::MAX),
        "max_bytes": limited(limits.max_bytes(), u64::MAX),
        "max_side": limited(limits.max_side().into(), u32::MAX.into()),
        "accept": limits.formats().iter().collect::<Vec<_>>(),
    })
}

/// A whole number from 1 to `most`.
///
/// # Errors
/// `TypeError` for what is no whole number, `InvalidOptionError` for one that is out of range.
fn number(option: &str, value: &Bound<'_, PyAny>, unit: &str, most: u64) -> PyResult<u64> {
    let py = value.py();
    // Whatever counts as a whole number in Python, NumPy's included; of any size.
    let whole = py.import("operator")?.call_method1("index", (value,))?;
    match whole.extract::<u64>() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(invalid(
            py,
            option,
            &whole.str()?.to_string_lossy(),
            &format!("a number of {unit} from 1 to {most}"),
        )),
    }
}

/// A colour of three numbers.
fn color(value: &Bound<'_, PyAny>) -> PyResult<[u8; 3]> {
    value.extract().map_err(|_| {
        let given = value.repr().map_or_else(|_| "this".into(), |text| text.to_string());
        let accepted = "red, green and blue, each from 0 to 255";
        invalid(value.py(), "background", &given, accepted)
    })
}
