//! Bars of a histogram as text: as many rows as there is space for, each of equal width on a logarithmic axis.

use crate::load::report::buckets::Bucket;

/// Eighths of a column.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A row of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Latencies of less than this belong to it, in microseconds.
    pub to_us: f64,
    /// How many.
    pub count: u64,
}

/// Buckets put together to `rows_max` rows at most. The thousandth part at either end has no row for each of its buckets: a
/// single slow answer would make all others one bar.
pub fn rows(buckets: &[Bucket], rows_max: usize) -> Vec<Row> {
    let total: u64 = buckets.iter().map(|bucket| bucket.count).sum();
    if rows_max == 0 || total == 0 {
        return Vec::new();
    }
    let mut counted = 0;
    let below = buckets.iter().position(|bucket| {
        counted += bucket.count;
        counted * 1_000 > total
    });
    let mut counted = 0;
    let above = buckets.iter().rposition(|bucket| {
        counted += bucket.count;
        counted * 1_000 > total
    });
    // Both are there: something was counted.
    let (first, last) = (below.unwrap_or(0), above.unwrap_or(0));
    let has_tail = last + 1 < buckets.len() && rows_max > 1;
    let last = if has_tail { last } else { buckets.len() - 1 };
    let together = (last - first + 1).div_ceil(rows_max - usize::from(has_tail));
    let row = |together: &[Bucket]| Row {
        to_us: together.last().map_or(0.0, |last| last.to_us),
        count: together.iter().map(|bucket| bucket.count).sum(),
    };
    let mut rows: Vec<_> = buckets[first..=last].chunks(together).map(row).collect();
    rows[0].count += row(&buckets[..first]).count;
    if has_tail {
        rows.push(row(&buckets[last + 1..]));
    }
    rows
}

/// A bar for a part of `most`, in `columns` columns at most. What is there at all is seen.
pub fn bar(count: u64, most: u64, columns: usize) -> String {
    if count == 0 || most == 0 {
        return String::new();
    }
    let eighths = (count as f64 / most as f64 * columns as f64 * 8.0).round();
    let eighths = (eighths as usize).max(1);
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_together_have_everything() {
        let bucket = |at: u64| Bucket {
            from_us: at as f64,
            to_us: at as f64 + 1.0,
            count: at,
        };
        let buckets: Vec<_> = (1..=25).map(bucket).collect();
        for rows_max in [1, 3, 8, 25, 40] {
            let rows = rows(&buckets, rows_max);
            assert!(rows.len() <= rows_max, "{rows_max}: {}", rows.len());
            assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), 25 * 26 / 2);
            assert_eq!(rows.last().unwrap().to_us, 26.0);
        }
        assert!(rows(&[], 8).is_empty() && rows(&buckets, 0).is_empty());
    }

    #[test]
    fn one_slow_answer_does_not_hide_the_others() {
        let mut buckets: Vec<_> = (0..100)
            .map(|at| Bucket {
                from_us: f64::from(at),
                to_us: f64::from(at + 1),
                count: if (10..20).contains(&at) { 1_000 } else { 0 },
            })
            .collect();
        buckets[99].count = 1;
        let ends: Vec<_> = rows(&buckets, 6)
            .iter()
            .map(|row| (row.to_us, row.count))
            .collect();
        assert_eq!(
            ends,
            [
                (12.0, 2_000),
                (14.0, 2_000),
                (16.0, 2_000),
                (18.0, 2_000),
                (20.0, 2_000),
                (100.0, 1)
            ]
        );
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(5, 10, 3), "█▌");
        assert_eq!(bar(1, 1_000_000, 4), "▏");
        assert_eq!(bar(0, 10, 4), "");
        assert_eq!(bar(0, 0, 4), "");
    }
}
