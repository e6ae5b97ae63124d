//! Our side of `benches/peers/anonlink.sh`: a line per implementation with its name, the
//! seconds of its best run, the number of hits and their digest.
#![allow(clippy::print_stdout)]

use std::fmt::Write;
use std::time::Instant;

use sha2::{Digest, Sha256};
use veilway::kernel::{Kernel, Ratio, Rows};

/// Bytes of a 1024-bit filter.
const WIDTH: usize = 128;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (folder, runs) = words.next().zip(words.next()).ok_or("usage: dice_scan FOLDER RUNS")?;
    let runs: usize = runs.parse()?;
    let a = std::fs::read(format!("{folder}/a.rows"))?;
    let b = std::fs::read(format!("{folder}/b.rows"))?;
    let rows = |bytes| Rows::new(bytes, WIDTH).ok_or("the file is cut");
    let ratio = Ratio::new(4, 5).ok_or("a share")?;
    for kernel in Kernel::available() {
        let (a, b) = (rows(&a)?, rows(&b)?);
        let mut best = f64::INFINITY;
        let mut hits = vec![];
        for _ in 0..runs.max(1) {
            let start = Instant::now();
            hits.clear();
            kernel.dice_at_least(a, b, ratio, |i, j, _| hits.push((i, j)));
            best = best.min(start.elapsed().as_secs_f64());
        }
        hits.sort_unstable();
        let mut text = String::new();
        for (i, j) in &hits {
            writeln!(text, "{i},{j}")?;
        }
        let digest: String = Sha256::digest(&text).iter().map(|b| format!("{b:02x}")).collect();
        println!("{} {best:.4} {} {}", kernel.name(), hits.len(), &digest[..16]);
    }
    Ok(())
}
