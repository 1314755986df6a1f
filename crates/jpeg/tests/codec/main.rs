//! The JPEG codec from outside: exactness against independent programs, streams and strips, hostile input, sizes, and
//! the orientations of coefficients.

mod decode_exact;
mod decode_hostile;
mod decode_streams;
mod decode_support;
mod decode_zune;
mod encode_api;
mod encode_peers;
mod encode_support;
mod transform;
