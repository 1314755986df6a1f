//! Memory for pictures: zeros, and never got in a way that ends the program where there is none. Shared with `photofit`, and
//! no part of what this crate promises to keep.

use bytemuck::Zeroable;

/// Memory could not be had; holds how much, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct NoMemory(pub usize);

/// Makes `items` hold `len` values: what is there stays as it is, what is new is zero.
///
/// Where nothing is to be kept, the zeros come from the allocator, for which they are free in memory that it has from the
/// system: such pages are zero, and are not touched here.
pub fn resize<T: Zeroable + Clone>(items: &mut Vec<T>, len: usize) -> Result<(), NoMemory> {
    let no_memory = NoMemory(len.saturating_mul(size_of::<T>()));
    if items.is_empty() && items.capacity() < len {
        // What is too small goes first, so that there are never two.
        *items = Vec::new();
        *items = bytemuck::allocation::try_zeroed_vec(len).map_err(|()| no_memory)?;
    } else {
        items
            .try_reserve_exact(len.saturating_sub(items.len()))
            .map_err(|_| no_memory)?;
        items.resize(len, T::zeroed());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::resize;

    #[test]
    fn what_is_there_stays_and_what_is_new_is_zero() {
        let mut items = vec![1_u16, 2, 3];
        resize(&mut items, 2).unwrap();
        assert_eq!(items, [1, 2]);
        resize(&mut items, 5_000).unwrap();
        assert_eq!(items[..2], [1, 2]);
        assert_eq!(items[2..], [0; 4_998]);
        // Also in memory that has held other values.
        items.fill(7);
        items.clear();
        resize(&mut items, 5_000).unwrap();
        assert_eq!(items, [0; 5_000]);
        items.fill(7);
        items.clear();
        resize(&mut items, 20_000).unwrap();
        assert_eq!(items, [0; 20_000]);
    }

    #[test]
    fn memory_that_cannot_be_had_is_an_error_with_the_figure() {
        for mut items in [Vec::<u32>::new(), vec![1]] {
            assert_eq!(resize(&mut items, usize::MAX / 8).unwrap_err().0, usize::MAX / 8 * 4);
            assert_eq!(resize(&mut items, usize::MAX / 2).unwrap_err().0, usize::MAX);
        }
    }
}
