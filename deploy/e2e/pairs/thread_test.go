package pairs

// isThread reports whether an event is one by which the two sides of a matter ask, answer and add.
func isThread(event string) bool {
	return event == "InformationRequested" || event == "InformationProvided" || event == "InformationAdded"
}

// impliesReceipt reports whether a receiver asked, answered or added before it had received a report, which
// receives it and lets one that joined catch up (decision 90).
func impliesReceipt(one *happened) bool {
	receipt, thread := false, false
	for _, message := range one.disclosed {
		receipt, thread = receipt || eventOf(message) == "ConcernReceived", thread || isThread(eventOf(message))
	}
	return receipt && thread
}
