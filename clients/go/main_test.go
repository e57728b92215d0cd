package singoff_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// grpc-web's wrapper starts a timer for ever when it is loaded: hence IgnoreCurrent.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "16") // most of these tests wait for a connection to be missed, few need a processor
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}
