//! Where a photo goes: a record of a module.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use super::InvalidSetting;

/// The version of the API. Both take photos in the same way; only the name of one module differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// Version 1.
    #[default]
    V1,
    /// Version 2, where Companies are called Accounts.
    V2,
}

impl ApiVersion {
    /// Its name in the URL: `v1` or `v2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

impl FromStr for ApiVersion {
    type Err = InvalidSetting;

    fn from_str(s: &str) -> Result<Self, InvalidSetting> {
        match s {
            "1" | "v1" => Ok(Self::V1),
            "2" | "v2" => Ok(Self::V2),
            _ => Err(InvalidSetting::new("API version", s, "1 or 2")),
        }
    }
}

/// The module that a record belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Module {
    /// Contacts.
    Contacts,
    /// Companies; version 2 of the API calls them Accounts.
    Companies,
    /// Products.
    Products,
    /// A module that is not known to take photos.
    Other(ModuleName),
}

/// The API name of a module that is not known to take photos: letters, digits and underscores, so that it can stand in
/// a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModuleName(String);

impl ModuleName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Module {
    /// The name in the URL.
    #[must_use]
    pub fn api_name(&self, version: ApiVersion) -> &str {
        match (self, version) {
            (Self::Companies, ApiVersion::V2) => "Accounts",
            _ => self.name(),
        }
    }

    /// The name of the module, as version 1 has it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Contacts => "Contacts",
            Self::Companies => "Companies",
            Self::Products => "Products",
            Self::Other(name) => name.as_str(),
        }
    }

    /// Whether the service's documentation lists the module as taking photos.
    #[must_use]
    pub const fn is_documented(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

impl FromStr for Module {
    type Err = InvalidSetting;

    /// Reads `Contacts`, `Companies` (or `Accounts`), `Products` in any case, or another API name.
    fn from_str(s: &str) -> Result<Self, InvalidSetting> {
        let known = [
            ("Contacts", Self::Contacts),
            ("Companies", Self::Companies),
            ("Accounts", Self::Companies),
            ("Products", Self::Products),
        ];
        if let Some((_, module)) = known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(s)) {
            return Ok(module);
        }
        let is_name = !s.is_empty() && s.len() <= 100 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_name {
            Ok(Self::Other(ModuleName(s.to_owned())))
        } else {
            let accepted = "Contacts, Companies, Products, or another API name of letters, digits and underscores";
            Err(InvalidSetting::new("module", s, accepted))
        }
    }
}

/// One record: `Contacts/3000000038009`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    module: Module,
    id: u64,
}

impl Record {
    /// The record `id` of `module`.
    #[must_use]
    pub const fn new(module: Module, id: u64) -> Self {
        Self { module, id }
    }

    /// Reads the two parts of a record apart from each other.
    ///
    /// # Errors
    /// [`InvalidSetting`] if the module is not a name, or the id not a number as the service writes it.
    pub fn parse(module: &str, id: &str) -> Result<Self, InvalidSetting> {
        let module = module.parse()?;
        // A zero in front would be lost on the way, and the photo would go to another record than the one named.
        let digits = !id.starts_with('0') && id.bytes().all(|b| b.is_ascii_digit());
        match id.parse::<NonZeroU64>() {
            Ok(id) if digits => Ok(Self { module, id: id.get() }),
            _ => Err(InvalidSetting::new(
                "record id",
                id,
                "the digits of the record's id, such as 3000000038009",
            )),
        }
    }

    /// The module.
    #[must_use]
    pub const fn module(&self) -> &Module {
        &self.module
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.module.name(), self.id)
    }
}

impl FromStr for Record {
    type Err = InvalidSetting;

    /// Reads `Contacts/3000000038009`.
    fn from_str(s: &str) -> Result<Self, InvalidSetting> {
        match s.split_once('/') {
            Some((module, id)) => Self::parse(module, id),
            None => Err(InvalidSetting::new(
                "record",
                s,
                "MODULE/ID, such as Contacts/3000000038009",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_written_the_same_way() {
        let record: Record = "contacts/3000000038009".parse().expect("a record");
        assert_eq!(record, Record::new(Module::Contacts, 3_000_000_038_009));
        assert_eq!(record.to_string(), "Contacts/3000000038009");
        let other: Record = "Pipelines/7".parse().expect("a record");
        assert!(!other.module().is_documented());
        assert_eq!(other.to_string(), "Pipelines/7");
    }

    #[test]
    fn what_could_not_stand_in_the_url_is_refused() {
        for bad in [
            "Contacts",
            "Contacts/",
            "/1",
            "Contacts/0",
            "Contacts/007",
            "Contacts/-1",
            "Contacts/+1",
            "Contacts/1/2",
            "Contacts/ 1",
            "Con tacts/1",
            "../1",
            "Contacts/99999999999999999999",
            "Contacts/1?x=y",
        ] {
            assert!(bad.parse::<Record>().is_err(), "{bad}");
        }
    }

    #[test]
    fn version_two_calls_companies_accounts() {
        assert_eq!(Module::Companies.api_name(ApiVersion::V1), "Companies");
        assert_eq!(Module::Companies.api_name(ApiVersion::V2), "Accounts");
        assert_eq!("accounts".parse(), Ok(Module::Companies));
    }
}
