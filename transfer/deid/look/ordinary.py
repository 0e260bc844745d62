"""Words that stand in headers of people who do not bear them as a name.

A patient may be called Head, Max or Dixon. Such a word alone says nothing about its bearer, so the
last look counts it only together with another part of the name, or as a name's whole value.
"""

from __future__ import annotations

from typing import Final

_ANATOMY: Final = """
abdomen abdominal achilles ankle aorta arm arms arterial artery axilla back bein belly bladder body
bone bones bowel brain brazo breast bronchus brust cabeza cara cardiac carotid cervical chest chin
coeur colon corazon coronary costa cou crane cranium cuello dorsal duct ear ears elbow extremity eye
eyes face feet femur finger fingers foot forearm fuss gallbladder gamba genou groin hals hand hands
hart haupt head heart hepatic herz hip hips hirn humerus hombro iliac jaw joint kidney kidneys knee
knie kopf larynx leber leg legs limb lingua lips liver lomb lumbar lunge lung lungs mama mamma mano
mandible maxilla mouth muscle naso nasus neck nerve nose orbit ovary ohr pancreas panc pelvis
pelvic pharynx pie pied pierna poumon prostate pulmon pulmonary rachis rectum rein renal rib ribs
rodilla ruecken sacrum schaedel schulter sein shoulder sinus skull spine spleen stomach sternum tete
testa testis thigh thorax throat thumb thyroid tibia toe tongue torax torso trachea trunk ulna
uterus vein venous venter vertebra wade wirbel wrist zehe ventre bras jambe main doigt dos bocca
addome bassin bauch becken been bekken borst brzuch buik cabeca collo coluna columna coude cuore
foie ginocchio glowa hoofd huefte hufte joelho nacken niere pecho piede reka rucken schadel
schouder spalla torace voet
"""
_ORIENTATION: Final = """
above anterior apex arch around axial base below bottom center centre centro coronal cross decubitus
derecha derecho destro deep distal down droit droite east end erect far feet first flat forward
front gauche half high inferior inner inside izquierda izquierdo lateral left links long low lower
medial middle mitte near north oben oblique open outer over position posterior prone proximal
rechts reverse right sagittal seated short side sinistra sinistro south standing straight superior
supine top transverse transversal under unten up upper upright vertical west caldwell fowler
lauenstein mayor menor rhese sims stenvers towne trendelenburg waters
"""
_TECHNIQUE: Final = """
abdominale acquisition agent angle angio art arc asset average axis balance band bayer bild black
blade blank bleu block blue bold boost bolus bracco bravo bright broad brown butterworth calcium
cane case cine clean clear cloud code coil cold collimator color colour combi comfort contrast
control copy count cover cube dark date day delay delayed delta density detail detector diffusion
dixon dose double drive dual dynamic early easy echo edge engine enhanced ernst exam expert
extended factor fame fast fat fein feldkamp field fiesta filter final fine flair flash flex flow
fluid focus force fourier frame fusion gamma gauss gauge gold gradient grand grappa gray green grey
grid group guide hamming hann hard haste heat helical hodgkin hold hot hounsfield house ideal image
images impulse index inhale input inspiration iodine iris iron job jung kernel key klein klar knight
land large laser late lava layer lead lean leer length lens level light line link list little local
localizer lock love magnet major map mark marker mask mass master matrix max maximum may mean media
medic medium min minimum minor mip mode moment mono moon motion move multi name navigator neu new
noise norm normal nuclear order original outline parallel parkinson part pass pearl phantom phase
pilot pin plain plan plane plate plus point portal post power pre primary probe process profile
projection propeller protocol pulse pure quality quick radial radon rapid raw ray reading red
reference region relax rest result rice rich ring rise rock rose rot rough round routine run safe
sand save scale scan scanner scout screen secondary segment sense sequence series set shape sharp
shepp shield shot signal silver simple single skin slice slide slim slow small smart smooth sobel
soft solid sound source space spann spark special speed spin spiral split spot square stack stage
standard star start station stein step stern stir stone stop storm stress strong study subtle sun
survey sweet swift table tap target tech tesla test thick thin thrive time tissue tone topogram
total trace track trigger trim trufi true tube tumor turbo twist unit value vario venus vessel vibe
view viewer vision vista voice volume wait wall warm warp wash water wave weight whole wide wien
window white wilson wise wolf wood word work xray yellow young zero zone zoom
baseline beam breath cone helix nativ second third trial triple wedge
"""
_MAKERS: Final = """
advantage agfa aloka amersham aquilion artis avanto axiom axiova barco biograph brilliance bruker
canon carestream cerner chattanooga discovery dicom elekta elscint esaote fischer fuji fujifilm
general gehealthcare hitachi hologic horos hyperfine imation ingenia kodak konica lightspeed lunar
magnetom marconi medical medicon merge mevis minolta neusoft olympus optima osirix philips picker
pictor planmed planmeca prisma revolution samsung sanarad sectra shimadzu siemens signa skyra
somatom sonosite symphony symbia terarecon toshiba trio united varian verio visage vitrea vida
accuray achieva acuson aera affiniti alpinion altea amira aperio aplio brainlab chison clara
confidence definition dimensions edan eclipse elition emotion epiq espree gendex hamamatsu horizon
imaging intera lunit lumina mammomat mindray monaco motic multiva panorama perspective pinnacle
pristina raysearch roche selenia senographe sensation siemens sirona sola sonoscape swissray syngo
systems trixell vatech ventana villa vivid voluson xario ziehm
"""
# Diseases, signs and parts of the body named after somebody. Left out: who has many namesakes, so
# that Cooper or Graves is still looked for.
_EPONYMS: Final = """
addison alzheimer barrett bartholin bosniak broca burkitt chopart couinaud crohn cushing ebstein
ewing fallot fazekas fleischner galen gerota gleason glisson hashimoto kaposi kupffer langerhans
lisfranc luschka magendie meckel merkel monro morison oddi paget purkinje rathke schwann sylvius
treitz valsalva vater warthin wernicke willis wilms winslow
"""
_SPEECH: Final = """
anonym anonymous anonymized anonymised anon adult baby boy child clinic clinica confidentiality
data default deidentification deidentified det doctor dr dummy empty error eucaim female file
frau girl herr hospital infant kind klinik legacy male man men miss mister mme mrs mr ms nacional
national nil none null patient patients person private prof professor public removed research
sample sir standard string subject system title transfer true type undefined unknown user
volunteer woman women world yes january february march april june july august september october
november december jan feb mar apr jun jul aug sep oct nov dec monday tuesday wednesday thursday
friday saturday sunday grade bad good best free full hope joy king queen prince page price park
lake hill field ford grant grace angel alpha beta omega victoria victory via vital
"""
ORDINARY: Final = frozenset(
    " ".join((_ANATOMY, _ORIENTATION, _TECHNIQUE, _MAKERS, _EPONYMS, _SPEECH)).split()
)
# Stands where a name or number should be, and is nobody's.
_PLACEHOLDERS: Final = """
    anonym anonymous anonymized anonymised anon blank deidentified default dummy empty eucaim
    hidden masked nan nil noname none null patient phantom qa qc removed sample subject test
    undefined unknown volunteer x xx xxx xxxx xxxxx xxxxxx
"""
PLACEHOLDERS: Final = frozenset(_PLACEHOLDERS.split())
# Make a whole name an invented one, whatever else stands in it.
INVENTED: Final = frozenset(
    ("dummy", "phantom", "qa", "qc", "sample", "subject", "test", "volunteer")
)
# Say that what follows is a patient's number.
LABELS: Final = (
    ("patient", "id"), ("patient", "no"), ("patient", "nr"), ("patient", "number"), ("pat", "id"),
    ("pat", "nr"), ("patientid",), ("patid",), ("mrn",), ("patnr",),
)  # fmt: skip
