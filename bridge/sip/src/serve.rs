//! Start and stop: binds the listeners, runs the library's endpoint, feeds the dispatcher, and at
//! the end says goodbye to every call. Knows nothing of what is in a message.

use std::net::SocketAddr;
use std::sync::Arc;

use confab_core::event::EndReason;
use rsipstack::EndpointBuilder;
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipConnection, TransportLayer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::accepted::{self, Accepted};
use crate::door::hooks::{Hooks, NoNames};
use crate::door::tcp::Streams;
use crate::door::udp::Gate;
use crate::door::{Door, Place};
use crate::house::{House, Ways};
use crate::keys;
use crate::sdp::Wishes;
use crate::trunk::Trunk;
use crate::tuning::{COMMANDS, STRAYS, Tuning};
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
    if let Some(transport) = config.trunk.as_ref().map(Trunk::transport)
        && config.listen.iter().all(|l| l.transport != transport)
    {
        return Err(Error::TrunkTransport(transport));
    }
    let (bound, listening) = bind_all(&config)?;
    let counters = Arc::new(Counters::default());
    let door = Arc::new(Door::new(
        config.source_rate_per_s,
        &tuning,
        counters.clone(),
    ));
    let stop = CancellationToken::new();
    let layer = TransportLayer::new_with_domain_resolver(stop.child_token(), Box::new(NoNames));
    let open = open(bound, &listening, &config, &door, &layer, &stop).await?;
    let (strays, incoming_strays) = mpsc::channel(STRAYS);
    let accepted = Arc::new(Accepted::new(tuning.t1 * 64, strays));
    let endpoint = EndpointBuilder::new()
        .with_user_agent("Confab")
        .with_cancel_token(stop.clone())
        .with_transport_layer(layer)
        .with_transport_inspector(Box::new(Hooks::new(accepted.clone())))
        .with_option(timers(&tuning))
        .build();
    door.watch(endpoint.inner.clone());
    let streams = Streams::new(door, endpoint.inner.clone(), tuning, stop.clone());
    let house = House::new(
        endpoint.inner.clone(),
        events,
        counters.clone(),
        tuning,
        Wishes::new(config.media.clone(), keys::fresh),
        Ways {
            streams: streams.clone(),
            places: open.places,
            sockets: open.sockets,
            trunk: config.trunk.clone().map(Arc::new),
            accepted,
        },
    );
    counters.watch(Arc::downgrade(&house));
    let incoming = endpoint.incoming_transactions().expect("taken once, here");
    for (listener, place) in open.listeners {
        tokio::spawn(streams.clone().serve(listener, place));
    }
    tokio::spawn(async move { endpoint.serve().await });
    tokio::spawn(dispatch(house.clone(), incoming, stop.clone()));
    tokio::spawn(accepted::serve(
        house.clone(),
        incoming_strays,
        stop.clone(),
    ));
    let (commands, orders) = mpsc::channel(COMMANDS);
    let legs = house.legs.clone();
    let stopped = CancellationToken::new();
    tokio::spawn(obey(house, orders, stop, stopped.clone()));
    Ok(Handle {
        commands,
        legs,
        listening,
        counters,
        stopped,
    })
}

/// What listens, each with its place.
#[derive(Default)]
struct Open {
    places: Vec<Arc<Place>>,
    sockets: Vec<(Arc<Place>, SipConnection)>,
    listeners: Vec<(TcpListener, Arc<Place>)>,
}

/// Puts the door before each bound socket.
async fn open(
    bound: Vec<Bound>,
    listening: &[Listen],
    config: &Config,
    door: &Arc<Door>,
    layer: &TransportLayer,
    stop: &CancellationToken,
) -> Result<Open, Error> {
    let mut open = Open::default();
    for (socket, listen) in bound.into_iter().zip(listening) {
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
                let connection = SipConnection::from(connection);
                open.sockets.push((place.clone(), connection.clone()));
                layer.add_transport(connection);
            }
            Bound::Tcp(listener) => open.listeners.push((listener, place.clone())),
        }
        open.places.push(place);
    }
    Ok(open)
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
        // The ACK belongs to the dialog: only it knows the way past a NAT (RFC 3261, 13.2.2.4).
        auto_ack_2xx: false,
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
