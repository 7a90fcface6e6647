//! Room on the stack for what is laid out anew for every few sums.

use std::mem::MaybeUninit;

/// Values that are written before they are read: to clear them first would take as long as some of the
/// sums that they are for. They begin at a line of the cache: else every other register would be read
/// from two of them.
#[repr(align(64))]
pub(super) struct Space<T, const N: usize>([MaybeUninit<T>; N]);

impl<T: Copy, const N: usize> Space<T, N> {
    /// Nothing written.
    pub(super) const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; N])
    }

    /// The places, to be written.
    pub(super) const fn places(&mut self) -> &mut [MaybeUninit<T>; N] {
        &mut self.0
    }

    /// The first `count` values.
    ///
    /// # Safety
    /// They must have been written.
    #[inline]
    pub(super) unsafe fn written(&mut self, count: usize) -> &mut [T] {
        // SAFETY: as the caller says.
        unsafe { self.0[..count].assume_init_mut() }
    }
}
