// A small service: a pool of workers that gets its jobs at a limited rate, stops when it is told to, and finishes what it
// has begun. main.rs is its port.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

const workers = 3

// serve hands out the jobs 1 to n, one per tick, until there are no more, one has failed, or ctx is done. Those that were
// handed out are finished.
func serve(ctx context.Context, n int, work func(context.Context, int) (int, error)) ([]int, error) {
	group, ctx := errgroup.WithContext(ctx)
	queue := make(chan int)
	results := make(chan int, n)

	group.Go(func() error {
		defer close(queue)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for id := 1; id <= n; id++ {
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
			select {
			case <-ctx.Done():
				return nil
			case queue <- id:
			}
		}
		return nil
	})
	for range workers {
		group.Go(func() error {
			for id := range queue {
				result, err := work(ctx, id)
				if err != nil {
					return fmt.Errorf("job %d: %w", id, err)
				}
				results <- result
			}
			return nil
		})
	}

	err := group.Wait()
	close(results)
	var all []int
	for result := range results {
		all = append(all, result)
	}
	slices.Sort(all)
	return all, err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	results, err := serve(ctx, 10, func(_ context.Context, id int) (int, error) { return id * id, nil })
	fmt.Println("all:", results, err)

	// A stop in the middle: what was handed out by then is done, and nothing else.
	stopped, cancel := context.WithCancel(ctx)
	results, err = serve(stopped, 1000, func(_ context.Context, id int) (int, error) {
		if id == 12 {
			cancel()
		}
		return id, nil
	})
	complete := len(results) >= 12 && len(results) < 1000
	for i, id := range results {
		complete = complete && id == i+1
	}
	fmt.Println("stopped:", complete, err)

	results, err = serve(ctx, 1000, func(_ context.Context, id int) (int, error) {
		if id == 7 {
			return 0, errors.New("does not work")
		}
		return id, nil
	})
	fmt.Println("failed:", len(results) < 1000, err)

	late, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	results, err = serve(late, 1000, func(ctx context.Context, id int) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})
	fmt.Println("late:", len(results), errors.Is(err, context.DeadlineExceeded))
}
