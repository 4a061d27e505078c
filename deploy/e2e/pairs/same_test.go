package pairs

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	uuidForm  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timedForm = regexp.MustCompile(`^01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	traceForm = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$`)
)

// Random by design, another at each making: only the length is the reader's to see.
var randomFields = []string{"nonce", "contentHash", "chainHash", "cursor", "nextCursor", "nextPageToken", "pageToken", "takeover"}

// A gateway follows a clock that was moved within a second; until then it says of a worker when the worker was seen
// before.
var followingFields = []string{"lastSeenAt"}

// Names that are another in each world, and the same for the same thing within one.
var namingFields = []string{"clientId", "caseId", "etag", "matterNumber"}

// pairNames pair what is called one thing in world A with what is called so in world B. A
// reader sees whether two names are the same, and in which order UUIDs were made.
type pairNames struct {
	toA, toB map[string]string
	// made are the pairs of UUIDs, in the order in which the reader saw them.
	made [][2]string
	// ties are the sequences that stand for those of their moment: see tiesOf.
	ties map[string]any
	// recalled are matters of which the parties must acknowledge their copies: see recalledIn.
	recalled map[string]bool
	// tied is whether the page before held what stands at one place with other things.
	tied bool
}

func newPairNames() *pairNames { return &pairNames{toA: map[string]string{}, toB: map[string]string{}} }

// bind pairs two names; false where one of them is paired with another, or tells by itself
// in which part of a second it was made.
func (n *pairNames) bind(a, b string) bool {
	boundA, knownB := n.toA[b]
	boundB, knownA := n.toB[a]
	if knownA || knownB {
		return boundA == a && boundB == b
	}
	n.toA[b], n.toB[a] = a, b
	// What is the same in both was made by neither: the reader said it.
	if a != b && isTimed(a) && isTimed(b) {
		if revealsMore(a) || revealsMore(b) {
			return false
		}
		n.made = append(n.made, [2]string{a, b})
	}
	return true
}

// difference is what the reader sees otherwise in the two worlds.
type difference struct{ path, a, b string }

func (d difference) String() string {
	return fmt.Sprintf("%s\n    A: %s\n    B: %s", d.path, d.a, d.b)
}

// differ tells two values that the reader was given for the same call apart.
func (n *pairNames) differ(path, key string, a, b any) []difference {
	apart := []difference{{path, asJSON(a), asJSON(b)}}
	switch b := b.(type) {
	case map[string]any:
		other, same := a.(map[string]any)
		if !same {
			return apart
		}
		var all []difference
		other, b = n.untied(other), n.untied(b)
		keys := maps.Clone(b)
		maps.Copy(keys, other)
		for _, name := range slices.Sorted(maps.Keys(keys)) {
			one, inA := other[name]
			two, inB := b[name]
			if inA != inB {
				all = append(all, difference{path + "." + name, orAbsent(one, inA), orAbsent(two, inB)})
				continue
			}
			all = append(all, n.differ(path+"."+name, name, one, two)...)
		}
		return all
	case []any:
		other, same := a.([]any)
		if !same {
			return apart
		}
		if len(other) != len(b) {
			return []difference{{path, fmt.Sprintf("%d of %.200s…", len(other), asJSON(a)), fmt.Sprintf("%d of %.200s…", len(b), asJSON(b))}}
		}
		var all []difference
		other, b = n.asTied(other, b)
		for i := range b {
			all = append(all, n.differ(fmt.Sprintf("%s[%d]", path, i), key, other[i], b[i])...)
		}
		return all
	case string:
		if other, same := a.(string); !same || !n.equal(key, other, b) {
			return apart
		}
		return nil
	default:
		if a != b {
			return apart
		}
		return nil
	}
}

func orAbsent(value any, there bool) string {
	if !there {
		return "(absent)"
	}
	return asJSON(value)
}

// equal tells whether a reader sees no difference between two texts.
func (n *pairNames) equal(key, a, b string) bool {
	switch {
	case slices.Contains(randomFields, key), slices.Contains(followingFields, key):
		return len(a) == len(b)
	case slices.Contains(namingFields, key):
		return len(a) == len(b) && (a == "" || n.bind(a, b))
	case key == "traceparent":
		one, two := traceForm.FindStringSubmatch(a), traceForm.FindStringSubmatch(b)
		if one == nil || two == nil {
			return a == b
		}
		return one[3] == two[3] && n.bind(one[1], two[1])
	}
	if uuidForm.ReplaceAllString(a, "") != uuidForm.ReplaceAllString(b, "") {
		return false
	}
	all := uuidForm.FindAllString(b, -1)
	for i, one := range uuidForm.FindAllString(a, -1) {
		if !n.bind(one, all[i]) {
			return false
		}
	}
	return true
}

// sameAnswer compares all that came back of a call.
func (n *pairNames) sameAnswer(call string, a, b answer) []difference {
	var all []difference
	if a.Status != b.Status {
		all = append(all, difference{call + " status", a.String(), b.String()})
		return all
	}
	all = append(all, n.differ(call, "", a.Body, b.Body)...)
	// How much is behind a message that is tied is chance too, and how many digits that has; so are
	// the digits of its sequence.
	if a.Size-n.tiedDigits(a.Body) != b.Size-n.tiedDigits(b.Body) && fmt.Sprint(a.field("backlog")) == fmt.Sprint(b.field("backlog")) {
		all = append(all, difference{call + " size", fmt.Sprint(a.Size), fmt.Sprint(b.Size)})
	}
	headers := maps.Clone(b.Header)
	maps.Copy(headers, a.Header)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if one, two := asJSON(a.Header[name]), asJSON(b.Header[name]); one != two {
			all = append(all, difference{call + " header " + name, one, two})
		}
	}
	return all
}

// loosely pairs what stands at the same place of two answers, to say in A what was said in
// B: of others than the reader, whose answers may differ.
func (n *pairNames) loosely(a, b any) {
	switch b := b.(type) {
	case map[string]any:
		if other, same := a.(map[string]any); same {
			for _, name := range slices.Sorted(maps.Keys(b)) {
				n.loosely(other[name], b[name])
			}
		}
	case []any:
		if other, same := a.([]any); same {
			for i := range min(len(other), len(b)) {
				n.loosely(other[i], b[i])
			}
		}
	case string:
		other, same := a.(string)
		if !same {
			return
		}
		all := uuidForm.FindAllString(b, -1)
		for i, one := range uuidForm.FindAllString(other, -1) {
			if i < len(all) {
				n.toA[all[i]] = one
			}
		}
	}
}

// inA says a request of world B in world A.
func (n *pairNames) inA(value any, otherwise *pairNames) any {
	switch v := value.(type) {
	case map[string]any:
		said := map[string]any{}
		for name := range v {
			said[name] = n.inA(v[name], otherwise)
		}
		return said
	case []any:
		said := make([]any, 0, len(v))
		for i := range v {
			said = append(said, n.inA(v[i], otherwise))
		}
		return said
	case string:
		if whole, known := n.toA[v]; known {
			return whole
		}
		return uuidForm.ReplaceAllStringFunc(v, func(id string) string {
			if known, ok := n.toA[id]; ok {
				return known
			}
			if known, ok := otherwise.toA[id]; ok {
				return known
			}
			return id
		})
	default:
		return value
	}
}

// disorder tells where the order of making is another, as far as a UUIDv7 tells it: to the
// second. It is empty for nowhere. What the clock made has no order.
func (n *pairNames) disorder(byClock map[string]bool) string {
	byA := slices.DeleteFunc(slices.Clone(n.made), func(one [2]string) bool { return byClock[one[1]] })
	slices.SortStableFunc(byA, func(one, two [2]string) int { return strings.Compare(secondOf(one[0]), secondOf(two[0])) })
	// before and last are those made last in B of the earlier seconds of A, and of all so far.
	var before, last [2]string
	for i, one := range byA {
		if i > 0 && secondOf(byA[i-1][0]) < secondOf(one[0]) {
			before = last
		}
		if before[1] != "" && secondOf(before[1]) > secondOf(one[1]) {
			return fmt.Sprintf("in A %s was made before %s, in B %s after %s", before[0], one[0], before[1], one[1])
		}
		if last[1] == "" || secondOf(last[1]) < secondOf(one[1]) {
			last = one
		}
	}
	return ""
}

// isTimed tells a UUIDv7 of our years from a name that is random whole, as an upload's is.
func isTimed(name string) bool { return timedForm.MatchString(name) }

// secondOf is when a UUIDv7 was made: its first 48 bits, which are those of a whole second.
func secondOf(id string) string { return id[:13] }

// revealsMore tells whether a UUIDv7 says within which part of a second it was made.
func revealsMore(id string) bool {
	at, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	return err != nil || at%1000 != 0
}

// copied is a value of JSON of its own, lists and all.
func copied(value map[string]any) map[string]any {
	var made map[string]any
	if err := json.Unmarshal([]byte(asJSON(value)), &made); err != nil {
		panic(err)
	}
	return made
}
