// Command consultation runs the consultation service in a process of its own.
package main

import (
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/services/consultation"
)

func main() {
	program.Main(consultation.Name, "The consultation service: a question to another agency, and its answer while it still helps.",
		func(deps service.Deps) (program.Service, error) { return consultation.New(deps) })
}
