package catalog

import (
	"fmt"
	"slices"
)

// Problem is a file that can't be used, or only in part.
type Problem struct {
	// Bucket is the URL or folder, without what may be secret in it.
	Bucket string
	// File is its key in the bucket.
	File string
	// Reason is a sentence for the operator.
	Reason string
	// LeftOut says that the file isn't used at all.
	LeftOut bool
}

// String names the file and the reason.
func (p Problem) String() string { return fmt.Sprintf("%q in %s: %s", p.File, p.Bucket, p.Reason) }

// Problems are the files that are unusable or odd, as far as they are known, bucket by bucket.
func (c *Catalog) Problems() []Problem { return slices.Clone(c.view.Load().problems) }

// maxWarnings is how many problems the log tells of; `singoffd songs check` tells all.
const maxWarnings = 200

// warn tells of problems, each once. It is called with publishing held.
func (c *Catalog) warn(problems []Problem) {
	for _, p := range problems {
		if c.warned[p] || len(c.warned) > maxWarnings {
			continue
		}
		c.warned[p] = true
		if len(c.warned) > maxWarnings {
			c.log.Warn().Int("told", maxWarnings).Msg("there are more problems with songs: `singoffd songs check DIR` tells all")
			return
		}
		c.log.Warn().Str("bucket", p.Bucket).Str("file", p.File).Bool("left_out", p.LeftOut).Msg(p.Reason)
	}
}
