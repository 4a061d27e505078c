package idcode

// MayHold and Normalize are the parts of In.
var (
	MayHold   = mayHold
	Normalize = normalize
)
