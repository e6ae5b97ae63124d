//! The measures on made-up events, against numbers worked out by hand.
