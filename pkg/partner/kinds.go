package partner

// The kinds of events of the contract, so that whoever uses this kit can unpack each.
import (
	_ "koppi.internal/proto/gen/koppi/common/v1"
	_ "koppi.internal/proto/gen/koppi/concern/v1"
	_ "koppi.internal/proto/gen/koppi/consent/v1"
	_ "koppi.internal/proto/gen/koppi/consultation/v1"
	_ "koppi.internal/proto/gen/koppi/plan/v1"
	_ "koppi.internal/proto/gen/koppi/referral/v1"
)
