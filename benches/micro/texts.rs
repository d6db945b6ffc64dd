//! Authors' text becomes HTML.

use std::hint::black_box;

use criterion::Criterion;
use klatch::render::render_body;

pub fn render(criterion: &mut Criterion) {
    let long = "A *longer* text, with `code` and https://example.org/ in it.\n\n- one\n- two\n\n".repeat(40);
    let bodies = [
        ("plain", "Hello there, shall we have lunch?"),
        ("sentence", "Well, it's 12:30 now. Shall we?"),
        ("mention", "@ann, have you seen this?"),
        ("link", "see https://example.org/a?b=c for that"),
        ("markdown", "**Yes**, _and_ `no`:\n\n1. one\n2. two"),
        ("long", long.as_str()),
    ];
    let mut group = criterion.benchmark_group("render");
    for (name, body) in bodies {
        group.bench_function(name, |bencher| bencher.iter(|| render_body(black_box(body)).expect("a body")));
    }
    group.finish();
}
