//! Start and stop: binds the listeners, runs the library's endpoint, feeds the dispatcher, and at
//! the end says goodbye to every call. Knows nothing of what is in a message.

use std::net::SocketAddr;
use std::sync::Arc;

use confab_core::event::EndReason;
use rsipstack::EndpointBuilder;
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transport::TransportLayer;
use rsipstack::transport::udp::UdpConnection;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::door::hooks::{NoNames, PlainReceived};
use crate::door::tcp::Streams;
use crate::door::udp::Gate;
use crate::door::{Door, Place};
use crate::house::House;
use crate::tuning::{COMMANDS, Tuning};
use crate::{Config, Counters, Error, Handle, Listen, SipCommand, SipEvent, Transport};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 256;
/// Room in the kernel for a burst of datagrams, in bytes; less when the system allows less.
const DATAGRAM_ROOM: usize = 4 << 20;

enum Bound {
    Udp(UdpSocket),
    Tcp(TcpListener),
}

pub(crate) async fn start(
    config: Config,
    tuning: Tuning,
    events: mpsc::Sender<SipEvent>,
) -> Result<Handle, Error> {
    let (bound, listening) = bind_all(&config)?;
    let counters = Arc::new(Counters::default());
    let door = Arc::new(Door::new(
        config.source_rate_per_s,
        &tuning,
        counters.clone(),
    ));
    let stop = CancellationToken::new();
    let layer = TransportLayer::new_with_domain_resolver(stop.child_token(), Box::new(NoNames));
    let mut places = Vec::new();
    let mut listeners = Vec::new();
    for (socket, listen) in bound.into_iter().zip(&listening) {
        let place = Arc::new(Place::new(*listen, config.advertise));
        match socket {
            Bound::Udp(socket) => {
                let gate = Arc::new(Gate::new(socket, door.clone()));
                let token = Some(stop.child_token());
                let made = UdpConnection::from_socket(gate, Some(place.addr), token).await;
                let connection = made.map_err(|error| Error::Bind {
                    transport: Transport::Udp,
                    addr: listen.addr,
                    source: std::io::Error::other(error.to_string()),
                })?;
                layer.add_transport(connection.into());
            }
            Bound::Tcp(listener) => listeners.push((listener, place.clone())),
        }
        places.push(place);
    }
    let endpoint = EndpointBuilder::new()
        .with_user_agent("Confab")
        .with_cancel_token(stop.clone())
        .with_transport_layer(layer)
        .with_transport_inspector(Box::new(PlainReceived))
        .with_option(timers(&tuning))
        .build();
    door.watch(endpoint.inner.clone());
    let streams = Streams::new(door, endpoint.inner.clone(), tuning, stop.clone());
    let house = House::new(
        endpoint.inner.clone(),
        events,
        counters.clone(),
        tuning,
        streams.clone(),
        places,
    );
    counters.watch(Arc::downgrade(&house));
    let incoming = endpoint.incoming_transactions().expect("taken once, here");
    for (listener, place) in listeners {
        tokio::spawn(streams.clone().serve(listener, place));
    }
    tokio::spawn(async move { endpoint.serve().await });
    tokio::spawn(dispatch(house.clone(), incoming, stop.clone()));
    let (commands, orders) = mpsc::channel(COMMANDS);
    let stopped = CancellationToken::new();
    tokio::spawn(obey(house, orders, stop, stopped.clone()));
    Ok(Handle {
        commands,
        listening,
        counters,
        stopped,
    })
}

fn bind_all(config: &Config) -> Result<(Vec<Bound>, Vec<Listen>), Error> {
    let mut bound = Vec::new();
    let mut listening = Vec::new();
    for listen in &config.listen {
        let transport = listen.transport;
        let (socket, addr) = bind(*listen).map_err(|source| Error::Bind {
            transport,
            addr: listen.addr,
            source,
        })?;
        tracing::info!(?transport, %addr, "sip: listening");
        bound.push(socket);
        listening.push(Listen { transport, addr });
    }
    Ok((bound, listening))
}

fn timers(tuning: &Tuning) -> EndpointOption {
    let t1 = tuning.t1;
    EndpointOption {
        t1,
        t2: t1 * 8,
        t4: t1 * 10,
        t1x64: t1 * 64,
        ..EndpointOption::default()
    }
}

/// Binds at once, so that a port in use is an error of the start and not of the first call.
fn bind(listen: Listen) -> std::io::Result<(Bound, SocketAddr)> {
    let domain = Domain::for_address(listen.addr);
    let (kind, protocol) = match listen.transport {
        Transport::Udp => (Type::DGRAM, Protocol::UDP),
        Transport::Tcp => (Type::STREAM, Protocol::TCP),
    };
    let socket = Socket::new(domain, kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if listen.transport == Transport::Tcp {
        // A restart must not wait for connections of the last run to be forgotten.
        socket.set_reuse_address(true)?;
    }
    socket.bind(&listen.addr.into())?;
    match listen.transport {
        Transport::Udp => {
            // Only a wish: the system's own limit is enough to start with.
            let _ = socket.set_recv_buffer_size(DATAGRAM_ROOM);
            let socket = UdpSocket::from_std(socket.into())?;
            let addr = socket.local_addr()?;
            Ok((Bound::Udp(socket), addr))
        }
        Transport::Tcp => {
            socket.listen(BACKLOG)?;
            let listener = TcpListener::from_std(socket.into())?;
            let addr = listener.local_addr()?;
            Ok((Bound::Tcp(listener), addr))
        }
    }
}

async fn dispatch(house: Arc<House>, mut incoming: TransactionReceiver, stop: CancellationToken) {
    loop {
        let transaction = tokio::select! {
            () = stop.cancelled() => return,
            transaction = incoming.recv() => transaction,
        };
        match transaction {
            Some(transaction) => house.receive(transaction),
            None => return,
        }
    }
}

/// Passes commands on until there can be no more, then ends every call and stops.
async fn obey(
    house: Arc<House>,
    mut orders: mpsc::Receiver<SipCommand>,
    stop: CancellationToken,
    stopped: CancellationToken,
) {
    while let Some(command) = orders.recv().await {
        house.command(command);
    }
    house.drain();
    for (leg, entry) in house.registry.all() {
        entry.desk.order(SipCommand::Hangup {
            leg,
            reason: EndReason::Shutdown,
        });
    }
    house.tasks.close();
    // Those whose peers never answer are left behind.
    let _ = timeout(house.tuning.goodbye, house.tasks.wait()).await;
    stop.cancel();
    stopped.cancel();
}
