package matter

// Marks say of a matter in an agency's worklist what lists are narrowed by and counted by, without the
// history being read. They are stored: a bit keeps its meaning.
const (
	// MarkRepeatedUnreached: the client is reported again and again, and is not reached or wants no help.
	MarkRepeatedUnreached int32 = 1 << iota
	// MarkEndedUnreached: it ended because the client was not reached or wanted no help.
	MarkEndedUnreached
)

// The judgement of a triage lies above the bits: two bits for the track, three for the support need.
const (
	trackAt, trackBits = 2, 3
	needAt, needBits   = 4, 7
)

// MarkJudged returns the marks of a track and a support need, by their numbers in the contract.
func MarkJudged(track, need int32) int32 { return track&trackBits<<trackAt | need&needBits<<needAt }

// JudgedIn returns the track and the support need in marks; 0 where none was judged.
func JudgedIn(marks int32) (track, need int32) {
	return marks >> trackAt & trackBits, marks >> needAt & needBits
}
