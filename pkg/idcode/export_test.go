package idcode

// MayHold and Normalize are what In is made of.
var (
	MayHold   = mayHold
	Normalize = normalize
)
