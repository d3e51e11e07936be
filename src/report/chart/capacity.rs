//! Throughput against the load, with the bounds that the analysis found, and against requests in flight, with the law.

use super::{Axis, Chart, Figure, Kind, Mark, Scale, Series, Unit, has_capacity, scale_of};
use crate::analysis::Analysis;
use crate::analysis::capacity::{Ceiling, Light, Scaling, Step};
use crate::analysis::estimate::Estimate;
use crate::analysis::level::Level;
use crate::measure::summary::RunSummary;
use crate::report::number;

/// Places at which a curve is drawn.
const PLACES: usize = 60;

/// A bound is drawn up to so many times the highest throughput: it goes on for ever.
const ABOVE: f64 = 1.25;

/// Throughput against users, or against arrivals in the open model.
pub(super) fn against_load(summary: &RunSummary, analysis: &Analysis) -> Option<Chart> {
    let open = summary.run.outline.open;
    let capacity = &analysis.capacity;
    let steps = &capacity.steps;
    let loads = steps.iter().map(|step| step.load);
    let (first, last) = (loads.clone().next()?, loads.clone().next_back()?);
    let scale = scale_of(loads);
    let places = places(first, last, scale);
    let most = steps.iter().map(|step| step.rate.high()).fold(0.0, f64::max);
    let mut series = bounds(capacity.light.as_ref(), capacity.ceiling.as_ref(), &places, most);
    let of = |steps: &[&Step], value: fn(&Step) -> Estimate| {
        steps
            .iter()
            .map(|step| (step.load, value(step)))
            .collect::<Vec<_>>()
    };
    let (used, not_used): (Vec<&Step>, Vec<&Step>) = steps.iter().partition(|step| step.trusted);
    let failing: Vec<&Step> = steps.iter().filter(|step| step.served != step.rate).collect();
    series.extend([
        estimates(
            "All requests, failed ones too",
            2,
            &of(&failing, |step| step.rate),
        ),
        estimates("Not used", 5, &of(&not_used, |step| step.served)),
        estimates("Measured", 1, &of(&used, |step| step.served)),
    ]);
    series.retain(|series| !series.x.is_empty());
    let knee = capacity.knee.map(|knee| Mark {
        x: Figure(knee.value),
        label: format!("knee: {} users", number::whole(knee.value)),
    });
    let (label, x) = if open {
        ("Throughput against arrivals", "arrivals per second")
    } else {
        ("Throughput against users", "users")
    };
    has_capacity(analysis).then(|| Chart {
        id: "capacity",
        label: label.to_owned(),
        note: note(open),
        x: Axis::new(x, Unit::Number, scale),
        y: Axis::new("requests/s", Unit::Rate, Scale::Linear),
        y2: None,
        group: None,
        series,
        spans: Vec::new(),
        marks: knee.into_iter().collect(),
    })
}

fn note(open: bool) -> String {
    let without = if open {
        "what arrives"
    } else {
        "users / (response time at the lowest level + think time)"
    };
    format!(
        "Each level with its 95% interval; where more than 2% failed, only successes count. No more is possible than the \
         two bounds: {without}, and the ceiling (with its interval), where one was reached."
    )
}

/// Throughput against requests in flight.
pub(super) fn against_in_flight(summary: &RunSummary, analysis: &Analysis) -> Option<Chart> {
    let levels: Vec<(f64, &Level)> = analysis
        .levels
        .iter()
        .filter(|level| level.is_trusted())
        .filter_map(|level| Some((level.in_flight.filter(|flight| *flight > 0.0)?, level)))
        .collect();
    if levels.len() < 2 {
        return None;
    }
    let flights = || levels.iter().map(|(in_flight, _)| *in_flight);
    let least = flights().fold(f64::INFINITY, f64::min);
    let most = flights().fold(0.0, f64::max);
    let highest = levels
        .iter()
        .map(|(_, level)| level.rate.high())
        .fold(0.0, f64::max);
    let scaling = analysis.capacity.scaling.as_ref();
    let end = scaling
        .and_then(|scaling| scaling.peak)
        .map_or(most, |peak| most.max(peak));
    let scale = scale_of(flights());
    let places = places(least, end, scale);
    // Without queueing each request in flight takes R0 and brings 1 / R0.
    let light = analysis.capacity.light.and_then(|light| match light {
        Light::Closed { load, response, .. } => Some(Light::Closed {
            load,
            response,
            think: 0.0,
        }),
        Light::Open { .. } => None,
    });
    let mut series = bounds(
        light.as_ref(),
        analysis.capacity.ceiling.as_ref(),
        &places,
        highest,
    );
    if let Some(scaling) = scaling {
        let fit: Vec<_> = places
            .iter()
            .map(|place| (*place, scaling.throughput(*place)))
            .collect();
        series.push(Series {
            kind: Kind::Dashed,
            ..estimates("Scalability law", 4, &fit)
        });
    }
    let points: Vec<_> = levels
        .iter()
        .map(|(in_flight, level)| (*in_flight, level.goodput()))
        .collect();
    series.push(estimates("Successes", 1, &points));
    let law = scaling.map_or(String::new(), about_law);
    let peak = scaling.and_then(|scaling| scaling.peak).map(|peak| Mark {
        x: Figure(peak),
        label: format!("peak: {} in flight", number::whole(peak)),
    });
    (!summary.stages.is_empty()).then(|| Chart {
        id: "in-flight",
        label: "Throughput against requests in flight".to_owned(),
        note: format!(
            "Successes per second of each level that can be relied on. Requests in flight are those sent and not yet answered, \
             mean over the measured time: what the API has to do at once, whatever the users think.{law}"
        ),
        x: Axis::new("requests in flight", Unit::Number, scale),
        y: Axis::new("requests/s", Unit::Rate, Scale::Linear),
        y2: None,
        group: None,
        series,
        spans: Vec::new(),
        marks: peak.into_iter().collect(),
    })
}

/// What the line of the law is, and its band.
fn about_law(scaling: &Scaling) -> String {
    let mut words =
        " The Universal Scalability Law is drawn as it was fitted; its figures are among the findings."
            .to_owned();
    if scaling.covariance.is_some() {
        words += " The band is its 95% interval at each number of requests in flight, by how far the levels lie off it; it takes \
                  for granted that throughput follows the law.";
    }
    words
}

/// The line without queueing and the ceiling.
fn bounds(light: Option<&Light>, ceiling: Option<&Ceiling>, places: &[f64], most: f64) -> Vec<Series> {
    let light = light.map(|light| {
        let points = places
            .iter()
            .map(|place| (*place, light.throughput(*place)))
            .filter(|(_, rate)| *rate <= ABOVE * most);
        Series::new("Without queueing", Kind::Dashed, 5).with(points.map(|(place, rate)| (place, Some(rate))))
    });
    let ceiling = ceiling.map(|ceiling| {
        let ends = [places.first(), places.last()].into_iter().flatten();
        let ends: Vec<_> = ends.map(|place| (*place, ceiling.rate)).collect();
        Series {
            kind: Kind::Dashed,
            ..estimates("Ceiling", 6, &ends)
        }
    });
    [light, ceiling].into_iter().flatten().collect()
}

/// Points with their intervals.
fn estimates(name: &str, colour: usize, points: &[(f64, Estimate)]) -> Series {
    let values = points.iter().map(|(x, y)| (*x, Some(y.value)));
    let mut series = Series::new(name, Kind::Points, colour).with(values);
    if points.iter().any(|(_, y)| y.interval.is_some()) {
        let end = |of: fn(&Estimate) -> f64| {
            points
                .iter()
                .map(|(_, y)| y.interval.map(|_| Figure(of(y))))
                .collect()
        };
        series.low = end(Estimate::low);
        series.high = end(Estimate::high);
    }
    series
}

/// Where curves are drawn between two loads.
fn places(from: f64, to: f64, scale: Scale) -> Vec<f64> {
    let steps = PLACES as f64;
    (0..=PLACES)
        .map(|place| {
            let share = place as f64 / steps;
            match scale {
                Scale::Log => from * (to / from).powf(share),
                Scale::Linear => from + (to - from) * share,
            }
        })
        .collect()
}
