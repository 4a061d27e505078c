package sandbox

import (
	"math/rand/v2"
	"testing"
	"time"

	"koppi.internal/pkg/idcode"
)

// A stranger is a test person of the same year, already born, and rarely the same one twice.
func TestStranger(t *testing.T) {
	now, by := time.Date(2026, 1, 3, 9, 0, 0, 0, time.UTC), rand.New(rand.NewPCG(1, 2))
	seen := map[string]bool{}
	for _, code := range []string{"010594Y9032", "020516C903K", "131052-308T", "010126A9008"} {
		for range 50 {
			made := stranger(code, now, by)
			if _, err := idcode.Parse(made, idcode.TestPersons, now); err != nil || made[4:7] != code[4:7] {
				t.Fatalf("%s becomes %s: %v", code, made, err)
			}
			seen[made] = true
		}
	}
	if len(seen) < 170 {
		t.Errorf("200 strangers are %d persons", len(seen))
	}
}
