//! Numbers: what is taken from many, and how one is printed.

/// The value below which this part of the values lies, between two of them if need be; NaN of none.
pub fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let at = part * last as f64;
    let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// Half of the values lie below it.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values.into_iter().collect(), 0.5)
}

/// Three digits.
pub fn number(value: f64) -> String {
    match value {
        v if v.is_nan() => "?".to_owned(),
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v if v < 10_000.0 => format!("{v:.0}"),
        v if v < 1e6 => format!("{:.1}k", v / 1e3),
        v if v < 1e9 => format!("{:.2}M", v / 1e6),
        v => format!("{:.2}G", v / 1e9),
    }
}

/// Three digits and a unit, of nanoseconds.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        t if t.is_nan() => "?".to_owned(),
        t if t < 1e3 => format!("{} ns", number(t)),
        t if t < 1e6 => format!("{} us", number(t / 1e3)),
        t if t < 1e9 => format!("{} ms", number(t / 1e6)),
        t => format!("{} s", number(t / 1e9)),
    }
}
