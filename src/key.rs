//! Keys: the project's (shared by the agencies, held by no one else) and the agency's own.
//! Every use has its own subkey, derived with HKDF under an injective, length-prefixed
//! label. Clear side only.
