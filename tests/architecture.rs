//! The direction of dependencies between the modules.
