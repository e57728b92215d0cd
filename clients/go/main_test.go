package singoff_test

import (
	"testing"

	"go.uber.org/goleak"
)

// grpc-web's wrapper starts a timer for ever when it is loaded: hence IgnoreCurrent.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }
