//! stub
use super::args::CheckArgs;
use super::exit::Exit;
use super::input;
pub(super) fn run(a: &CheckArgs) -> Exit {
    for f in &a.files {
        if let Err(e) = input::prepare(f, &a.input, &a.replace, input::WithoutHost::Pretend) {
            return e;
        }
    }
    Exit::Passed
}
