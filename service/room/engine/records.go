package engine

import "github.com/singoff/singoff/service/room/rules"

// Records reads the records of a stored entry, in their order. The error of one that newer rules have decided is ErrNewerRules.
func Records(data []byte) ([]*rules.Record, error) {
	p, err := decode(data)
	if err != nil {
		return nil, err
	}
	records := make([]*rules.Record, 0, len(p.Records))
	for _, rp := range p.Records {
		r, err := rules.FromProto(rp)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}
