package transporttest

import (
	"io"
	"log"
	"net/http"
	"sync"
)

// Serve serves HTTP on a new network until stop is called, which waits until no handler runs any more.
func Serve(handler http.Handler) (m *Memory, stop func()) {
	m = New()
	var loops sync.WaitGroup
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			loops.Add(1)
			defer loops.Done()
			handler.ServeHTTP(w, r)
		}),
		ErrorLog: log.New(io.Discard, "", 0),
	}
	loops.Go(func() { _ = server.Serve(m) })
	return m, func() {
		_ = m.Close()
		_ = server.Close()
		loops.Wait()
	}
}
