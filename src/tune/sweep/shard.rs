//! A part of a sweep, for one of several machines.

use std::str::FromStr;

/// Every n-th point: shard `i/n` has the points i, i + n, i + 2n and so on, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// The items of this shard.
    pub fn take<T>(self, items: Vec<T>) -> Vec<T> {
        items.into_iter().skip(self.index - 1).step_by(self.of).collect()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, of)| {
            Some((index.trim().parse::<usize>().ok()?, of.trim().parse::<usize>().ok()?))
        });
        match numbers {
            None => Err("expected i/n, like 1/4 for the first of four".into()),
            Some((_, 0)) => Err("there must be at least one shard, like 1/4".into()),
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            Some((index, of)) => Err(format!("shard {index} must be from 1 to {of}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shards_partition(points in 0_usize..200, of in 1_usize..20) {
            let shards: Vec<Vec<usize>> = (1..=of)
                .map(|index| Shard { index, of }.take((0..points).collect()))
                .collect();
            let mut all = shards.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..points).collect::<Vec<_>>());
            // No machine gets more than one point more than another.
            let sizes = shards.iter().map(Vec::len);
            let spread = sizes.clone().max().unwrap_or(0) - sizes.min().unwrap_or(0);
            prop_assert!(spread <= 1);
            prop_assert!(shards.iter().all(|shard| shard.is_sorted()));
        }

        #[test]
        fn shards_are_read_as_written(of in 1_usize.., index in 1_usize..) {
            let read = format!("{index}/{of}").parse::<Shard>();
            prop_assert_eq!(read.is_ok(), index <= of);
        }

        #[test]
        fn nonsense_is_refused_in_one_line(text in "[0-9/ a-z.-]{0,6}") {
            if let Err(error) = text.parse::<Shard>() {
                prop_assert!(error.lines().count() == 1);
            }
        }
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        let error = |text: &str| text.parse::<Shard>().expect_err("refused");
        assert_eq!(error("1/0"), "there must be at least one shard, like 1/4");
        assert_eq!(error("3/2"), "shard 3 must be from 1 to 2");
        assert_eq!(error("0/2"), "shard 0 must be from 1 to 2");
        for text in ["", "1", "/", "1/", "/2", "a/b", "-1/2", "1/2/3", "99999999999999999999/2"] {
            assert_eq!(error(text), "expected i/n, like 1/4 for the first of four", "{text}");
        }
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, of: 3 }));
    }
}
