//! Where the service lives: each account belongs to one data centre, with hosts of its own.

use std::fmt;
use std::str::FromStr;

use super::InvalidSetting;

/// The data centre that an account belongs to. A token of one is not valid at another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataCenter {
    /// United States.
    #[default]
    Us,
    /// European Union.
    Eu,
    /// India.
    In,
    /// Australia.
    Au,
    /// China.
    Cn,
    /// Japan.
    Jp,
    /// Saudi Arabia.
    Sa,
    /// Canada.
    Ca,
}

impl DataCenter {
    /// Every data centre.
    pub const ALL: &[Self] = &[
        Self::Us,
        Self::Eu,
        Self::In,
        Self::Au,
        Self::Cn,
        Self::Jp,
        Self::Sa,
        Self::Ca,
    ];

    /// Its short name: `us`, `eu`, `in`, `au`, `cn`, `jp`, `sa`, `ca`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// Where tokens come from.
    #[must_use]
    pub const fn accounts_url(self) -> &'static str {
        self.row().1
    }

    /// Where photos go.
    #[must_use]
    pub const fn api_url(self) -> &'static str {
        self.row().2
    }

    const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Us => ("us", "https://accounts.zoho.com", "https://www.zohoapis.com"),
            Self::Eu => ("eu", "https://accounts.zoho.eu", "https://www.zohoapis.eu"),
            Self::In => ("in", "https://accounts.zoho.in", "https://www.zohoapis.in"),
            Self::Au => ("au", "https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
            Self::Cn => ("cn", "https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
            Self::Jp => ("jp", "https://accounts.zoho.jp", "https://www.zohoapis.jp"),
            Self::Sa => ("sa", "https://accounts.zoho.sa", "https://www.zohoapis.sa"),
            Self::Ca => ("ca", "https://accounts.zohocloud.ca", "https://www.zohoapis.ca"),
        }
    }
}

impl fmt::Display for DataCenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DataCenter {
    type Err = InvalidSetting;

    fn from_str(s: &str) -> Result<Self, InvalidSetting> {
        Self::ALL.iter().copied().find(|d| d.name() == s).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|d| d.name()).collect();
            InvalidSetting::new("data centre", s, format!("one of {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of the contract, written down once more: a host that is mistyped would be given the tokens.
    #[test]
    fn hosts_are_those_of_the_contract() {
        let contract = "
            us accounts.zoho.com      www.zohoapis.com
            eu accounts.zoho.eu       www.zohoapis.eu
            in accounts.zoho.in       www.zohoapis.in
            au accounts.zoho.com.au   www.zohoapis.com.au
            cn accounts.zoho.com.cn   www.zohoapis.com.cn
            jp accounts.zoho.jp       www.zohoapis.jp
            sa accounts.zoho.sa       www.zohoapis.sa
            ca accounts.zohocloud.ca  www.zohoapis.ca";
        let rows = DataCenter::ALL.iter().map(|d| {
            let host = |url: &'static str| url.strip_prefix("https://").expect("never without TLS");
            [d.name(), host(d.accounts_url()), host(d.api_url())].join(" ")
        });
        let known: Vec<String> = rows.collect();
        let contract = contract.trim().lines();
        let contract: Vec<String> = contract
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(known[..], contract[..]);
    }
}
