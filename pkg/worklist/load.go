package worklist

import (
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// ReadLoad counts the open matters that workers of an agency hold, or work on as a second worker. No matter is
// read: the worklist's rows tell.
func (l *Worklist[S]) ReadLoad(ctx context.Context, r *caseworkv1.ReadLoadRequest) (*caseworkv1.ReadLoadResponse, error) {
	response := &caseworkv1.ReadLoadResponse{}
	for _, worker := range r.GetWorkers() {
		query := journal.Query{Agency: r.GetAgency(), Role: journal.RoleReceiver, OpenOnly: true}
		second := query
		query.Worker, second.Second = worker, worker
		held, err := l.Store.WorklistEntries(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		beside, err := l.Store.WorklistEntries(ctx, second)
		if err != nil {
			return nil, fault.Store(err)
		}
		load := loadOf(held)
		load.Second = int32(len(beside)) //nolint:gosec // one agency's open matters
		response.Loads = append(response.Loads, load)
	}
	return response, nil
}

// loadOf counts matters that one worker holds.
func loadOf(held []journal.WorklistEntry) *caseworkv1.WorkerLoad {
	load, tracks, needs := &caseworkv1.WorkerLoad{}, map[int32]int32{}, map[int32]int32{}
	for _, row := range held {
		load.Open++
		if matter.IsUrgent(commonv1.Urgency(row.Urgency)) {
			load.Urgent++
		}
		if row.Overdue {
			load.Overdue++
		}
		track, need := matter.JudgedIn(row.Marks)
		tracks[track]++
		needs[need]++
	}
	load.ByTrack = named(tracks, concernv1.Track_name)
	load.BySupportNeed = named(needs, concernv1.SupportNeed_name)
	return load
}

// named returns counts by the names of an enum, in its order; without what is unspecified.
func named(counts map[int32]int32, names map[int32]string) (all []*caseworkv1.NamedCount) {
	for number := range int32(len(names)) { //nolint:gosec // values of an enum
		if count := counts[number]; number > 0 && count > 0 {
			all = append(all, &caseworkv1.NamedCount{Name: names[number], Count: count})
		}
	}
	return all
}
