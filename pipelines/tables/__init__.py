"""Tables of the national form: from a grid, a flattened text or an annex to figures."""
