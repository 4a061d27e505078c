module koppi.internal/services/concern

go 1.27.0

require koppi.internal/proto v0.0.0
require koppi.internal/pkg v0.0.0
replace koppi.internal/proto => ../../proto
replace koppi.internal/pkg => ../../pkg
