//! stub
/// Mask.
pub const MASK: &str = "********";
/// x
pub fn is_secret_name(_: &str) -> bool { false }
/// x
#[derive(Debug)]
pub struct Scrubber;
impl Scrubber { 
/// x
pub fn scrub<'a>(&self, t: &'a str) -> std::borrow::Cow<'a, str> { t.into() } }
