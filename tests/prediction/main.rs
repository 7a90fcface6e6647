//! Predictions against runs, on a seeded sample. `cargo bench --bench prediction` holds many more
//! points, and times, against runs.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod points;

/// How many points; more with `HECONV_TEST_POINTS`.
const POINTS: usize = 40;

#[test]
fn predictions_hold_on_random_points() {
    let asked = std::env::var("HECONV_TEST_POINTS").ok().and_then(|count| count.parse().ok());
    let count = asked.unwrap_or(POINTS);
    let (mut near, mut safe) = (0, 0);
    points::for_each(2024, count, |point| {
        let [predicted, measured] = points::exact_figures(point);
        assert_eq!(predicted, measured, "{:?} {:?}", point.predicted.layer, point.predicted.params);
        let error = point.noise_error();
        assert!(error <= 2.0, "optimistic by {error}: {:?}", point.predicted);
        near += usize::from(error >= -2.0);
        if point.is_safe() {
            safe += 1;
            assert!(point.is_right(), "predicted safe, but wrong: {:?}", point.measured);
        }
        let both = [&point.predicted, &point.measured].map(|record| {
            let noise = &record.noise_bits;
            [noise.predicted_fresh, noise.predicted_final, noise.predicted_final_floor]
                .map(f64::to_bits)
        });
        assert_eq!(both[0], both[1], "one formula serves both");
    });
    assert!(near * 100 >= count * 95, "{near} of {count} within 2 bits");
    assert!(safe * 3 > count, "{safe} of {count} are safe: the sample says little");
}
