package main

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// The kit in Python reads each event of which the documentation shows an example; that has one of every event.
func TestAllEventsAreDescribed(t *testing.T) {
	examples, err := os.ReadFile("../../docs/data/events.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := described()
	if err != nil {
		t.Fatal(err)
	}
	var all contract
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`"type\.googleapis\.com/([A-Za-z0-9.]+)"`).FindAllSubmatch(examples, -1)
	if len(shown) < 80 {
		t.Fatalf("only %d examples were found", len(shown))
	}
	for _, event := range shown {
		if all.Messages[string(event[1])] == nil {
			t.Errorf("%s is not described", event[1])
		}
	}
}
