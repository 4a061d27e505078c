// Command concern runs the concern service in a process of its own.
package main

import (
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/services/concern"
)

func main() {
	program.Main(concern.Name, "The concern service: reports of concern, and what became of them.",
		func(deps service.Deps) (program.Service, error) { return concern.New(deps) })
}
