package rules_test

import (
	"fmt"
	"strconv"
	"strings"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// labels are the names that a script gives to what the rules know by hashes and numbers.
type labels struct {
	users       map[string]rules.User
	userNames   map[rules.User]string
	instances   map[instanceKey]string
	members     map[string]string // id -> label
	ids         map[string]string // label -> id
	been        map[string]int    // members a user has been so far
	connections map[string][]rules.Connection
	connNames   map[rules.Connection]string
}

func newLabels() labels {
	return labels{
		users: map[string]rules.User{}, userNames: map[rules.User]string{}, instances: map[instanceKey]string{},
		members: map[string]string{}, ids: map[string]string{}, been: map[string]int{},
		connections: map[string][]rules.Connection{}, connNames: map[rules.Connection]string{},
	}
}

func (l *labels) user(name string, signedIn bool) rules.User {
	if u, known := l.users[name]; known {
		return u
	}
	u := rules.Guest([]byte(name))
	if signedIn {
		u = rules.SignedIn(name)
	}
	l.users[name], l.userNames[u] = u, name
	return u
}

func (l *labels) instance(user, name string) rules.Instance {
	i := rules.InstanceOf(name)
	l.instances[instanceKey{l.users[user], i}] = user + "/" + name
	return i
}

func (l *labels) connected(instance string, conn rules.Connection) {
	l.connections[instance] = append(l.connections[instance], conn)
	l.connNames[conn] = fmt.Sprintf("%s.%d", instance, len(l.connections[instance]))
}

// connection is the newest of an instance, or the one whose number follows a dot.
func (l *labels) connection(label string) (rules.Connection, error) {
	name, number, dotted := strings.Cut(label, ".")
	all := l.connections[name]
	n := len(all)
	if dotted {
		n, _ = strconv.Atoi(number)
	}
	if n < 1 || n > len(all) {
		return 0, fmt.Errorf("there is no connection %q", label)
	}
	return all[n-1], nil
}

func (l *labels) conn(c rules.Connection) string { return l.connNames[c] }

// joined gives a new member its label.
func (l *labels) joined(r *rules.Record) {
	a, ok := r.Fact.(*rules.Attached)
	if !ok || r.Event.GetPresence().GetChange() != singoffv1.Presence_CHANGE_JOINED {
		return
	}
	name := l.userNames[a.User]
	l.been[name]++
	if n := l.been[name]; n > 1 {
		name = fmt.Sprintf("%s.%d", name, n)
	}
	l.members[a.MemberID], l.ids[name] = name, a.MemberID
}

func (l *labels) member(id string) string {
	if name, known := l.members[id]; known {
		return name
	}
	return id
}

// id is that of a label, or what is no label as it stands.
func (l *labels) id(label string) string {
	if id, known := l.ids[label]; known {
		return id
	}
	return label
}
