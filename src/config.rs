//! Reading TOML settings so that one run reports every mistake, each with its line.
