//! What the user wrote: the scenario file and the configuration, each leaf with its place.
