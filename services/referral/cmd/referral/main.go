// Command referral runs the referral service in a process of its own.
package main

import (
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/services/referral"
)

func main() {
	program.Main(referral.Name, "The referral service: what one agency asks another to take over, and what became of it.",
		func(deps service.Deps) (program.Service, error) { return referral.New(deps) })
}
