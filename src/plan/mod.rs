//! What will happen: everything parsed, every default filled.
