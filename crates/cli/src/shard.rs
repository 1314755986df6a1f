//! A part of the inputs, for one of many machines.

use std::str::FromStr;

/// The part `index` of `count`, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// Whether the input with this path or address is of this part: by the hash of that alone, so that it does not depend
    /// on what else there is.
    pub(super) fn has(self, key: &[u8]) -> bool {
        let hash = blake3::hash(key);
        let (first, _) = hash.as_bytes().split_at(8);
        let number = first.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
        number % self.count == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once('/')
            .and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((index @ 1.., count)) if index <= count => Ok(Self { index, count }),
            _ => Err("a part is expected, such as 1/4, 2/4, 3/4 and 4/4 for four".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_of_one_part() {
        let parts: Vec<Shard> = (1..=4).map(|i| format!("{i}/4").parse().unwrap()).collect();
        let mut sizes = [0; 4];
        for n in 0..1000 {
            let path = format!("photos/{n}.jpg");
            let owners: Vec<usize> = (0..4).filter(|&i| parts[i].has(path.as_bytes())).collect();
            assert_eq!(owners.len(), 1, "{path}");
            sizes[owners[0]] += 1;
        }
        assert!(sizes.iter().all(|&size| (200..300).contains(&size)), "{sizes:?}");
        // Another version must not split otherwise: machines may not all have the same one.
        assert!(parts[0].has(b"photos/7.jpg") || parts[1..].iter().any(|p| p.has(b"photos/7.jpg")));
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for bad in ["0/4", "5/4", "1", "/", "1/", "a/b", "1/0", "-1/4"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
