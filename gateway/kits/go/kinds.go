package partner

// Import all event types of the contract, so that a user of this kit can unpack each of them.
import (
	_ "koppi.internal/proto/gen/koppi/common/v1"
	_ "koppi.internal/proto/gen/koppi/concern/v1"
	_ "koppi.internal/proto/gen/koppi/consent/v1"
	_ "koppi.internal/proto/gen/koppi/consultation/v1"
	_ "koppi.internal/proto/gen/koppi/plan/v1"
	_ "koppi.internal/proto/gen/koppi/referral/v1"
)
