//! Telling what happened to the shell: arguments, commands, exit codes. The only module that prints.
