//! The Pareto front: the points that no other point beats.

/// Which of `points` are on the front, where less is better in every metric.
///
/// A point dominates another where it is nowhere worse and somewhere better; the front is what
/// nothing dominates. Equal points do not dominate each other, so all of them are on the front or
/// none. A point with a figure that is not finite is unknown there: it is never on the front and
/// dominates nothing. All points must have as many metrics.
pub fn front<P: AsRef<[f64]>>(points: &[P]) -> Vec<bool> {
    let is_known = |point: &P| point.as_ref().iter().all(|figure| figure.is_finite());
    let known: Vec<&P> = points.iter().filter(|point| is_known(point)).collect();
    let beaten = |point: &P| known.iter().any(|other| dominates(other.as_ref(), point.as_ref()));
    points.iter().map(|point| is_known(point) && !beaten(point)).collect()
}

/// Whether `a` is nowhere worse than `b` and somewhere better.
fn dominates(a: &[f64], b: &[f64]) -> bool {
    let pairs = || a.iter().zip(b);
    pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_front_of_two_metrics() {
        let points = [[1.0, 9.0], [2.0, 5.0], [3.0, 6.0], [4.0, 1.0], [4.0, 2.0]];
        assert_eq!(front(&points), [true, true, false, true, false]);
    }

    #[test]
    fn equal_points_stay_together() {
        assert_eq!(front(&[[1.0, 2.0], [1.0, 2.0], [2.0, 2.0]]), [true, true, false]);
    }

    #[test]
    fn what_is_not_finite_is_not_on_the_front_and_beats_nothing() {
        let points = [[f64::NAN, 0.0], [f64::NEG_INFINITY, 0.0], [0.0, f64::INFINITY], [5.0, 5.0]];
        assert_eq!(front(&points), [false, false, false, true]);
    }

    #[test]
    fn few_points_and_few_metrics() {
        assert!(front::<[f64; 2]>(&[]).is_empty());
        assert_eq!(front(&[vec![3.0], vec![2.0], vec![2.0]]), [false, true, true]);
        assert_eq!(front(&[[], []]), [true, true]);
    }

    /// A figure, often equal to others and sometimes not finite.
    fn figure() -> impl Strategy<Value = f64> {
        prop_oneof![
            8 => (0..6i32).prop_map(f64::from),
            4 => -1e3..1e3f64,
            1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
        ]
    }

    /// Points of one to four metrics.
    fn points() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (1..5usize).prop_flat_map(|metrics| {
            prop::collection::vec(prop::collection::vec(figure(), metrics), 0..40)
        })
    }

    proptest! {
        #[test]
        fn no_point_of_the_front_is_dominated_and_every_other_is(points in points()) {
            let on_front = front(&points);
            prop_assert_eq!(on_front.len(), points.len());
            let known: Vec<bool> =
                points.iter().map(|point| point.iter().all(|figure| figure.is_finite())).collect();
            for (i, point) in points.iter().enumerate() {
                let beaten_by_front =
                    (0..points.len()).any(|j| on_front[j] && dominates(&points[j], point));
                let beaten =
                    (0..points.len()).any(|j| known[j] && dominates(&points[j], point));
                prop_assert_eq!(on_front[i], known[i] && !beaten);
                // What is beaten at all is beaten by the front.
                prop_assert!(!known[i] || beaten == beaten_by_front);
            }
            prop_assert_eq!(on_front.contains(&true), known.contains(&true));
        }

        #[test]
        fn the_order_of_points_does_not_matter(points in points()) {
            let mut reversed: Vec<bool> = front(&points.iter().rev().collect::<Vec<_>>());
            reversed.reverse();
            prop_assert_eq!(front(&points), reversed);
        }
    }
}
