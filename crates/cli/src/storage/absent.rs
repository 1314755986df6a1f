//! The same without the feature `object-store`.

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use photofit::batch::Source;

use super::super::Error;
use super::{Named, Version};

const SCHEMES: [&str; 6] = ["s3://", "gs://", "az://", "file://", "http://", "https://"];

/// No storage.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Storage;

impl Storage {
    pub(in super::super) fn new(_ahead: u64, _private: bool) -> Self {
        Self
    }

    pub(in super::super) fn find(&self, argument: &Path) -> Result<Named, Error> {
        let text = argument.to_str().unwrap_or_default();
        if SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            let message = "this photofit was built without the feature object-store, which reads such addresses";
            return Err(Error::usage(format!("{text}: {message}")));
        }
        Ok(Named::Path(argument.to_owned()))
    }

    pub(in super::super) fn ahead<'a, T: Send + 'a>(
        &self,
        items: impl Iterator<Item = T> + Send + 'a,
        _: impl FnMut(&T) -> Option<Fetch> + Send + 'a,
    ) -> Box<dyn Iterator<Item = (T, Option<Fetch>)> + Send + 'a> {
        Box::new(items.map(|item| (item, None)))
    }
}

/// No object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Spot {}

impl Spot {
    pub(in super::super) fn text(&self) -> Cow<'_, str> {
        match *self {}
    }

    pub(in super::super) fn key(&self) -> PathBuf {
        match *self {}
    }

    pub(in super::super) fn name(&self) -> PathBuf {
        match *self {}
    }

    pub(in super::super) fn parent(&self) -> &str {
        match *self {}
    }

    pub(in super::super) fn join(&self, _: &Path) -> io::Result<Self> {
        match *self {}
    }

    pub(in super::super) fn check_writable(&self) -> Result<(), Error> {
        match *self {}
    }

    pub(in super::super) fn list(&self) -> Result<Vec<Self>, Error> {
        match *self {}
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        match *self {}
    }

    pub(in super::super) fn version(&self) -> io::Result<Version> {
        match *self {}
    }

    pub(in super::super) fn exists(&self) -> io::Result<bool> {
        match *self {}
    }

    pub(in super::super) fn fetch(&self, _: u64) -> Fetch {
        match *self {}
    }

    pub(in super::super) fn source(&self, _: u64) -> Box<dyn Source> {
        match *self {}
    }

    pub(in super::super) fn read(&self, _: u64) -> io::Result<(Vec<u8>, Version)> {
        match *self {}
    }

    pub(in super::super) fn write(&self, _: &[u8], _: bool) -> io::Result<Version> {
        match *self {}
    }
}

/// No object that is read.
#[derive(Debug)]
pub(in super::super) enum Fetch {}

pub(in super::super) fn version_of(fetch: &Fetch) -> Version {
    match *fetch {}
}

impl Source for Fetch {
    fn name(&self) -> Cow<'_, str> {
        match *self {}
    }

    fn open(&self) -> io::Result<(Option<u64>, Box<dyn Read + '_>)> {
        match *self {}
    }
}
