// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Trees of bits, direct bits and literals after a match, in assembly for x86-64.
//!
//! A compiler compares the code with the bound several times for each bit, and keeps part of what
//! it needs in memory. Here one subtraction decides, by its carry: the range, the code, the next
//! probability, the bit and where the present probability moves are each selected by that carry,
//! without a branch. Both probabilities that can be next are loaded before it is known which one it
//! will be.
//!
//! This is a step in a tree (`branch!`), at the node `s` with the probability `p`:
//!
//! ```text
//!                    if the bit is     0                1
//! q, other = tree[2 s], tree[2 s + 1]
//! bound = (range >> 11) * p
//! range = range - bound
//! kept = code
//! code = code - bound                  carry            no carry
//! code                                 kept             stays
//! range                                bound            stays
//! kept                                 p - 2017         p
//! q, the next probability              stays            other
//! t = 2 s + 1 - carry                  2 s              2 s + 1
//! tree[s] = p - (kept >> 5)            nearer to 2017   nearer to 31
//! ```
//!
//! With a range of 0x8000_0000 and a `p` of 1024, `bound` is 0x10_0000 * 1024 = 0x4000_0000, and
//! the range becomes that for either bit. A code of 0x1234_5678 means 0: it stays, and `p` becomes
//! 1024 - (-993 >> 5) = 1056. A code of 0x5000_0000 means 1: it becomes 0x1000_0000, and `p`
//! becomes 1024 - (1024 >> 5) = 992.
//!
//! `portable.rs` does the same in safe Rust, for other machines, Miri and the feature `safe`. Each
//! function here leaves its work to that one if there is less than a byte of input for each bit.

#[cfg(all(test, target_os = "linux"))]
#[path = "x86_64_tests.rs"]
mod tests;

use core::arch::asm;
use core::mem::{offset_of, size_of};

use super::super::model::LiteralCoder;
use super::{portable, Coder, Probability, State, LEAST, MOVE_BITS, ONE, ONE_BITS, TOP};

// These numbers stand in the assembly.
const _: () = assert!(TOP == 1 << 24 && ONE_BITS == 11 && MOVE_BITS == 5 && ONE - LEAST == 2017);

/// Takes a byte if the range is below 2^24. One is enough (see [`most_bytes`](super::most_bytes)).
macro_rules! normalize {
    () => {
        "cmp {range:e}, 0x1000000
        jae 2f
        shl {range:e}, 8
        shl {code:e}, 8
        mov {code:l}, byte ptr [{input}]
        inc {input}
        2:
        "
    };
}

/// Decodes a bit whose probability is in `$now`, and updates `range` and `code`. The carry is set
/// if the bit is zero. `kept >> 5` (arithmetic shift) is then the number to subtract from the
/// probability. `kept` is the probability itself if the bit is one. If the bit is zero, it is the
/// probability less 2017, which is at most zero.
#[rustfmt::skip]
macro_rules! decide {
    ($now:literal) => {
        concat!(
            normalize!(),
            "mov {bound:e}, {range:e}\n",
            "shr {bound:e}, 11\n",
            "imul {bound:e}, {", $now, ":e}\n",
            "sub {range:e}, {bound:e}\n",
            "mov {kept:e}, {code:e}\n",
            "sub {code:e}, {bound:e}\n",
            "cmovb {code:e}, {kept:e}\n",
            "cmovb {range:e}, {bound:e}\n",
            "lea {kept:e}, [{", $now, "} - 2017]\n",
            "cmovae {kept:e}, {", $now, ":e}\n",
        )
    };
}

/// Appends the bit to the symbol in `$symbol`, which makes the one in `$longer`: twice the symbol
/// plus one, less the carry. Adapts the probability in `$now`, and stores it at the index in
/// `$index`.
#[rustfmt::skip]
macro_rules! append {
    ($now:literal, $index:literal, $symbol:literal, $longer:literal) => {
        concat!(
            "lea {", $longer, ":e}, [2 * {", $symbol, "} + 1]\n",
            "sbb {", $longer, ":e}, 0\n",
            "sar {kept:e}, 5\n",
            "sub {", $now, ":e}, {kept:e}\n",
            "mov word ptr [{tree} + 2 * {", $index, "}], {", $now, ":x}\n",
        )
    };
}

/// Decodes the last bit of a tree, at the node in `$node`, whose probability is in `$now`. `$below`
/// is then the result.
macro_rules! leaf {
    ($now:literal, $node:literal, $below:literal) => {
        concat!(decide!($now), append!($now, $node, $node, $below))
    };
}

/// Decodes a bit of a tree that is not the last one, at the node in `$node`, whose probability is
/// in `$now`. `$below` is then the node below, and `$next` its probability.
#[rustfmt::skip]
macro_rules! branch {
    ($now:literal, $next:literal, $node:literal, $below:literal) => {
        concat!(
            "movzx {", $next, ":e}, word ptr [{tree} + 4 * {", $node, "}]\n",
            "movzx {other:e}, word ptr [{tree} + 4 * {", $node, "} + 2]\n",
            decide!($now),
            "cmovae {", $next, ":e}, {other:e}\n",
            append!($now, $node, $node, $below),
        )
    };
}

macro_rules! two_branches {
    () => {
        concat!(branch!("p", "q", "s", "t"), branch!("q", "p", "t", "s"))
    };
}

macro_rules! branch_and_leaf {
    () => {
        concat!(branch!("p", "q", "s", "t"), leaf!("q", "t", "s"))
    };
}

/// Decodes the bit `ecx` of a literal, which is not the last one. `$now` has its probability;
/// `$next` is then the next one.
///
/// `ahead = path >> ecx` is the head of the path that ends with the suggested bit (see
/// [`LiteralCoder`]). If all bits so far are as suggested, it is twice the symbol and that bit. So
/// `bound = ahead - 2 * symbol` is the suggested bit. If one of them is not, `bound` is any other
/// number, and above 1 as an unsigned one. It selects where the present probability is stored, and
/// where the next one comes from, for either value of the bit:
///
/// ```text
/// bound   present at      next, after a 0    next, after a 1     (ahead' = path >> (ecx - 1))
/// 0       agreed[ahead]   agreed[ahead']     plain[2 s + 1]
/// 1       agreed[ahead]   plain[2 s]         agreed[ahead']
/// else    plain[s]        plain[2 s]         plain[2 s + 1]
/// ```
///
/// `tree` points to `plain`, which `agreed` follows: `agreed[i]` has the index 256 + i from there,
/// and stands 512 bytes and i numbers after it.
#[rustfmt::skip]
macro_rules! suggested {
    ($now:literal, $next:literal) => {
        concat!(
            "mov {bound:e}, {path:e}\n",
            "shr {bound:e}, cl\n",
            "lea {at:e}, [{bound} + 256]\n",
            "dec ecx\n",
            "mov {kept:e}, {path:e}\n",
            "shr {kept:e}, cl\n",
            "movzx {kept:e}, word ptr [{tree} + 2 * {kept} + 512]\n",
            "movzx {", $next, ":e}, word ptr [{tree} + 4 * {s}]\n",
            "movzx {other:e}, word ptr [{tree} + 4 * {s} + 2]\n",
            "sub {bound:e}, {s:e}\n",
            "sub {bound:e}, {s:e}\n",
            "cmove {", $next, ":e}, {kept:e}\n",
            "cmp {bound:e}, 1\n",
            "cmove {other:e}, {kept:e}\n",
            "cmova {at:e}, {s:e}\n",
            decide!($now),
            "cmovae {", $next, ":e}, {other:e}\n",
            append!($now, "at", "s", "s"),
        )
    };
}

/// Decodes the last bit of a literal, as [`suggested`] does the others.
#[rustfmt::skip]
macro_rules! last_suggested {
    ($now:literal) => {
        concat!(
            "mov {bound:e}, {path:e}\n",
            "lea {at:e}, [{bound} + 256]\n",
            "sub {bound:e}, {s:e}\n",
            "sub {bound:e}, {s:e}\n",
            "cmp {bound:e}, 1\n",
            "cmova {at:e}, {s:e}\n",
            decide!($now),
            append!($now, "at", "s", "s"),
        )
    };
}

/// Runs the assembly for `$bits` bits, which takes at most as many bytes of input: no bit takes
/// more than one. `$otherwise` is for less input.
macro_rules! run {
    ($coder:ident, $bits:expr, $otherwise:expr, [$($code:expr),* $(,)?], $($operands:tt)*) => {
        let start = $coder.rest.as_slice();
        if start.len() < $bits {
            // A copy: a variable whose address is passed to a function lives in memory.
            let mut coder = $coder.clone();
            let value = $otherwise(&mut coder);
            *$coder = coder;
            return value;
        }
        let (mut range, mut code) = ($coder.state.range, $coder.state.code);
        let mut input = start.as_ptr();
        // SAFETY: It reads at most `$bits` bytes of input, which are there. All other memory that
        // it uses is in what the operand `tree` points to, for the reason that stands beside that
        // operand.
        unsafe {
            asm!(
                $($code,)*
                range = inout(reg) range,
                code = inout(reg) code,
                input = inout(reg) input,
                kept = out(reg) _,
                $($operands)*
                options(nostack),
            );
        }
        $coder.state = State { range, code };
        let taken = input.addr().wrapping_sub(start.as_ptr().addr());
        debug_assert!(taken <= $bits);
        // SAFETY: It took no more bytes than there are.
        $coder.rest = unsafe { start.get_unchecked(taken..) }.iter();
    };
}

macro_rules! tree {
    ($name:ident, $size:literal, [$($code:expr),*]) => {
        #[inline(always)]
        fn $name(coder: &mut Coder<'_>, tree: &mut [Probability; $size]) -> usize {
            const BITS: usize = ($size as usize).trailing_zeros() as usize;
            let symbol: usize;
            // Nodes count from one. Each node is in the tree. Unless it is on the last level, where
            // `leaf` loads nothing, both nodes below it are in the tree too.
            run!(
                coder,
                BITS,
                |coder: &mut _| slowly(coder, tree),
                ["mov {s:e}, 1", "movzx {p:e}, word ptr [{tree} + 2]" $(, $code)*],
                tree = in(reg) tree.as_mut_ptr(),
                s = out(reg) symbol,
                t = out(reg) _,
                p = out(reg) _,
                q = out(reg) _,
                other = out(reg) _,
                bound = out(reg) _,
            );
            symbol
        }
    };
}

// Levels are decoded two at a time, in a loop until two remain: the loop is small, and not slower.
tree!(eight_bits, 256, ["3:", two_branches!(), "cmp {s:e}, 64", "jb 3b", branch_and_leaf!()]);
tree!(six_bits, 64, ["3:", two_branches!(), "cmp {s:e}, 16", "jb 3b", branch_and_leaf!()]);
tree!(four_bits, 16, [two_branches!(), branch_and_leaf!()]);
tree!(three_bits, 8, [two_branches!(), leaf!("p", "s", "t"), "mov {s:e}, {t:e}"]);

/// Decodes a number of `log2(N)` bits, the highest first. The result has a one before it.
#[inline(always)]
pub(super) fn tree<const N: usize>(coder: &mut Coder<'_>, tree: &mut [Probability; N]) -> usize {
    // `N` is known when this is compiled, and so are the lengths: there is neither a branch nor a
    // check.
    let symbol = match N {
        256 => tree.first_chunk_mut().map(|tree| eight_bits(coder, tree)),
        64 => tree.first_chunk_mut().map(|tree| six_bits(coder, tree)),
        16 => tree.first_chunk_mut().map(|tree| four_bits(coder, tree)),
        8 => tree.first_chunk_mut().map(|tree| three_bits(coder, tree)),
        _ => None,
    };
    symbol.unwrap_or_else(|| portable::tree(coder, tree))
}

/// [`portable::tree`] for a tree of any size, out of line.
#[cold]
#[inline(never)]
fn slowly(coder: &mut Coder<'_>, tree: &mut [Probability]) -> usize {
    portable::walk(tree, |probability| coder.digit_of(probability))
}

/// Decodes a literal after a match that would have gone on with `suggested`.
#[inline(always)]
pub(super) fn suggested_literal(
    coder: &mut Coder<'_>,
    literal: &mut LiteralCoder,
    suggested: u8,
) -> u8 {
    #[cold]
    #[inline(never)]
    fn slowly(coder: &mut Coder<'_>, literal: &mut LiteralCoder, suggested: u8) -> u8 {
        portable::suggested_literal(coder, literal, suggested)
    }

    // In bytes. Indexes go on from `plain` to `agreed`.
    const _: () =
        assert!(offset_of!(LiteralCoder, agreed) == 512 && size_of::<LiteralCoder>() == 1536);
    let symbol: usize;
    // Heads of the path are below 512, and so in `agreed`. A symbol with two or more bits to come
    // is below 128, and with one bit to come below 256: both nodes below the first kind, and the
    // second kind, are in `plain`.
    run!(
        coder,
        8,
        |coder: &mut _| slowly(coder, literal, suggested),
        [
            "mov {s:e}, {path:e}",
            "shr {s:e}, 7",
            "movzx {p:e}, word ptr [{tree} + 2 * {s} + 512]",
            "mov {s:e}, 1",
            "3:",
            suggested!("p", "q"),
            suggested!("q", "p"),
            "cmp {s:e}, 64",
            "jb 3b",
            suggested!("p", "q"),
            last_suggested!("q"),
        ],
        tree = in(reg) core::ptr::from_mut(literal),
        path = in(reg) 0x100 | u32::from(suggested),
        inout("ecx") 7 => _,
        s = out(reg) symbol,
        p = out(reg) _,
        q = out(reg) _,
        other = out(reg) _,
        bound = out(reg) _,
        at = out(reg) _,
    );
    symbol as u8
}

/// Decodes `bits` direct bits, the highest first, and appends them to `value`.
#[inline(always)]
pub(super) fn direct(coder: &mut Coder<'_>, mut value: u32, bits: u32) -> u32 {
    #[cold]
    #[inline(never)]
    fn slowly(coder: &mut Coder<'_>, value: u32, bits: u32) -> u32 {
        portable::direct(coder, value, bits)
    }

    if bits == 0 {
        return value;
    }
    run!(
        coder,
        bits as usize,
        |coder: &mut _| slowly(coder, value, bits),
        [
            "3:",
            normalize!(),
            "shr {range:e}, 1",
            "mov {kept:e}, {code:e}",
            "sub {code:e}, {range:e}",
            "cmovb {code:e}, {kept:e}",
            "lea {value:e}, [2 * {value:r} + 1]",
            "sbb {value:e}, 0",
            "dec {bits:e}",
            "jnz 3b",
        ],
        value = inout(reg) value,
        bits = inout(reg) bits => _,
    );
    value
}
