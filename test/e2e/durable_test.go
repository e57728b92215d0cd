package e2e_test

import "os"

// init keeps what the programs of these tests keep in memory, unless a test says where: none of them writes outside its own folders.
func init() { os.Setenv("SINGOFF_LOG", "memory") }
