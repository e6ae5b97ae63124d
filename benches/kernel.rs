//! Pairs per second of each implementation of the kernel. Every answer is checked against
//! nested loops before anything is timed. `cargo bench --bench kernel`.

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use veilway::kernel::{Kernel, Ratio, Rows};

/// Rows a side.
const ROWS: usize = 4_000;

/// Row widths: a CLK, the default fuzzy encoding, and the one of high assurance.
const WIDTHS: [usize; 3] = [128, 256, 512];

/// A side of filters per width; each tenth row of the second is near to one of the first.
static SIDES: LazyLock<Vec<[Vec<u8>; 2]>> = LazyLock::new(|| {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    WIDTHS.map(|width| sides(&mut rng, width)).to_vec()
});

fn sides(rng: &mut ChaCha8Rng, width: usize) -> [Vec<u8>; 2] {
    // A third of the bits set, as in a CLK of a few fields.
    let mut side = || -> Vec<u8> {
        let mut bytes = vec![0; ROWS * width];
        let set =
            (0..8 * bytes.len()).filter(|_| rng.next_u32().is_multiple_of(3)).collect::<Vec<_>>();
        set.into_iter().for_each(|bit| bytes[bit / 8] |= 1 << (bit % 8));
        bytes
    };
    let (a, mut b) = (side(), side());
    for i in (0..ROWS).step_by(10) {
        let row = i * width..(i + 1) * width;
        b[row.clone()].copy_from_slice(&a[row.clone()]);
        b[row.start] ^= 1;
    }
    [a, b]
}

fn rows(width: usize) -> [Rows<'static>; 2] {
    let sides = WIDTHS.iter().position(|w| *w == width).and_then(|i| SIDES.get(i));
    let [a, b] = sides.expect("a width of the list");
    [a, b].map(|side| Rows::new(side, width).expect("whole rows"))
}

fn ratio() -> Ratio {
    Ratio::new(4, 5).expect("a share")
}

fn main() {
    for width in WIDTHS {
        let [a, b] = rows(width);
        let (mut near, mut alike) = (0, 0);
        for x in a.iter() {
            for y in b.iter() {
                let differ: u32 = x.iter().zip(y).map(|(x, y)| (x ^ y).count_ones()).sum();
                let common: u32 = x.iter().zip(y).map(|(x, y)| (x & y).count_ones()).sum();
                near += usize::from(differ <= width as u32 * 3);
                alike += usize::from(10 * common >= 4 * (2 * common + differ));
            }
        }
        for kernel in Kernel::available() {
            let mut found = (0, 0);
            kernel.hamming_within(a, b, width as u32 * 3, |_, _, _| found.0 += 1);
            kernel.dice_at_least(a, b, ratio(), |_, _, _| found.1 += 1);
            assert_eq!(found, (near, alike), "{} is wrong at {width} bytes", kernel.name());
            assert!(near >= ROWS / 10 && alike >= ROWS / 10);
        }
    }
    divan::main();
}

fn names() -> Vec<&'static str> {
    Kernel::available().into_iter().map(Kernel::name).collect()
}

fn kernel(name: &str) -> Kernel {
    Kernel::available().into_iter().find(|k| k.name() == name).expect("an available one")
}

/// Every row against every row, Hamming distance within 3/8 of the bits.
#[divan::bench(args = names(), consts = WIDTHS, sample_count = 10)]
fn hamming_within<const WIDTH: usize>(bencher: Bencher<'_, '_>, name: &str) {
    let (kernel, [a, b]) = (kernel(name), rows(WIDTH));
    bencher.counter(ItemsCount::new(ROWS * ROWS)).bench(|| {
        let mut near = 0;
        kernel.hamming_within(a, b, WIDTH as u32 * 3, |_, _, _| near += 1);
        near
    });
}

/// Every row against every row, Dice at least 0.8.
#[divan::bench(args = names(), consts = WIDTHS, sample_count = 10)]
fn dice_at_least<const WIDTH: usize>(bencher: Bencher<'_, '_>, name: &str) {
    let (kernel, [a, b]) = (kernel(name), rows(WIDTH));
    bencher.counter(ItemsCount::new(ROWS * ROWS)).bench(|| {
        let mut near = 0;
        kernel.dice_at_least(a, b, ratio(), |_, _, _| near += 1);
        near
    });
}

/// A list of candidate pairs, sorted by the first row.
#[divan::bench(args = names(), consts = WIDTHS)]
fn hamming_pairs<const WIDTH: usize>(bencher: Bencher<'_, '_>, name: &str) {
    let (kernel, [a, b]) = (kernel(name), rows(WIDTH));
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut place = || rng.next_u32() % ROWS as u32;
    let mut pairs: Vec<(u32, u32)> = (0..100_000).map(|_| (place(), place())).collect();
    pairs.sort_unstable();
    let mut out = vec![0; pairs.len()];
    bencher.counter(ItemsCount::new(pairs.len())).bench_local(|| {
        kernel.hamming_pairs(a, b, black_box(&pairs), &mut out);
    });
}
