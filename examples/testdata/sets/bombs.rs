//! `bombs/`: the small ones of [`crate::bombs`]; the tests make the others when they run.

use crate::bombs;
use crate::entry::{Result, Shelf};

pub(crate) fn shelf() -> Result<Shelf> {
    let mut shelf = Shelf::new("bombs");
    for bomb in bombs::all()?.into_iter().filter(bombs::Bomb::stands) {
        let kinds = if bomb.answers == bombs::OK { &[] } else { bomb.answers };
        shelf.refuse(&bomb.name, bomb.format, bomb.size, kinds, &bomb.special, bomb.bytes);
    }
    Ok(shelf)
}
